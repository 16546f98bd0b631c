//! Rules as types: a handler names the rule it stands under in its signature (`Ctx<rules::Show>`),
//! so a handler without a rule does not compile.

/// A rule's name, its default and its description.
#[derive(Clone, Copy, Debug)]
pub struct RuleDefault {
    /// The name in `policy.yaml`, upstream's own: `identity:create_user`.
    pub name: &'static str,
    /// The check when `policy.yaml` does not say otherwise.
    pub check: &'static str,
    /// What it guards, in a sentence.
    pub about: &'static str,
    /// `POST /v3/users`.
    pub operations: &'static [&'static str],
}

/// The type of one rule. Made by [`rules!`](crate::rules).
pub trait Rule: 'static {
    /// Name, default, description.
    const DEFAULT: &'static RuleDefault;
}

/// Declares rules: a type each, and `ALL`, the list that [`crate::policy::defaults`] collects.
///
/// ```ignore
/// rules! {
///     /// Show a server.
///     Show = "os_compute_api:servers:show", "rule:project_reader_or_admin", ["GET /servers/{id}"];
/// }
/// ```
#[macro_export]
macro_rules! rules {
    ($($(#[doc = $about:literal])+ $rule:ident = $name:literal, $check:expr, [$($operation:literal),* $(,)?];)+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug)]
            pub struct $rule;

            impl $crate::policy::Rule for $rule {
                const DEFAULT: &'static $crate::policy::RuleDefault = &$crate::policy::RuleDefault {
                    name: $name,
                    check: $check,
                    about: concat!($($about),+),
                    operations: &[$($operation),*],
                };
            }
        )+

        /// Every rule declared here.
        pub const ALL: &[&$crate::policy::RuleDefault] =
            &[$(<$rule as $crate::policy::Rule>::DEFAULT),+];
    };
}
