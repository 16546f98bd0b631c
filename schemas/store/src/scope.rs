//! Whose rows a caller may see. Every query of tenants' objects asks for one.

/// The rows a caller may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every project's: admins, reconcilers.
    All,
    /// One project's.
    Project(String),
}

impl Scope {
    /// May the caller see a thing of this project?
    pub fn sees(&self, project_id: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Project(own) => own == project_id,
        }
    }
}
