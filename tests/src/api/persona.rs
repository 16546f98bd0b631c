//! Who calls: one of each kind the policy tells apart.

/// Somebody with a token (or none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persona {
    /// No token.
    Nobody,
    /// A member of another project of the same domain.
    Stranger,
    /// Reads in the project that owns the things.
    Reader,
    /// Works in it; most things are made by him.
    Member,
    /// Manages it.
    Manager,
    /// Administers the cloud.
    Admin,
    /// A service of the cloud.
    Service,
}

impl Persona {
    /// All, in the order of the matrix's columns.
    pub const ALL: [Persona; 7] = [
        Persona::Nobody,
        Persona::Stranger,
        Persona::Reader,
        Persona::Member,
        Persona::Manager,
        Persona::Admin,
        Persona::Service,
    ];

    /// As the matrix's head has it, and the name of the user.
    pub fn name(self) -> &'static str {
        match self {
            Persona::Nobody => "nobody",
            Persona::Stranger => "stranger",
            Persona::Reader => "reader",
            Persona::Member => "member",
            Persona::Manager => "manager",
            Persona::Admin => "admin",
            Persona::Service => "service",
        }
    }

    /// The role he has.
    pub fn role(self) -> &'static str {
        match self {
            Persona::Nobody | Persona::Stranger => "member",
            other => other.name(),
        }
    }

    /// The project he has it on.
    pub fn project(self) -> &'static str {
        match self {
            Persona::Nobody | Persona::Stranger => "elsewhere",
            Persona::Reader | Persona::Member | Persona::Manager => "home",
            Persona::Admin => "admin",
            Persona::Service => "service",
        }
    }
}
