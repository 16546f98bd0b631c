//! Rules that other rules refer to, under the names upstream's policies use.

use super::RuleDefault;

macro_rules! base {
    ($($name:literal = $check:literal, $about:literal;)+) => {
        /// The named building blocks.
        pub const ALL: &[&RuleDefault] = &[$(&RuleDefault {
            name: $name, check: $check, about: $about, operations: &[],
        }),+];
    };
}

base! {
    "admin_required" = "role:admin or is_admin:1", "An administrator of the cloud.";
    "context_is_admin" = "role:admin", "Sees and may change things of every project.";
    "admin_api" = "rule:context_is_admin", "Default of most administrative calls.";
    "default" = "rule:admin_required", "What unknown rules fall back to in other clouds; kept for rules that refer to it.";
    "service_api" = "role:service", "Calls between services.";
    "owner" = "user_id:%(user_id)s", "The user himself.";
    "admin_or_owner" = "rule:admin_required or rule:owner", "The user himself, or an administrator.";
    "token_subject" = "user_id:%(target.token.user_id)s", "The user of the token in question.";
    "domain_managed_target_role" = "'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s", "The roles a domain's manager may give.";
    "service_role" = "role:service", "Calls between services.";
    "service_or_admin" = "rule:admin_required or rule:service_role", "Services and administrators.";
    "project_admin_api" = "role:admin and project_id:%(project_id)s", "An administrator within the project.";
    "project_manager_api" = "role:manager and project_id:%(project_id)s", "A manager of the project.";
    "project_member_api" = "role:member and project_id:%(project_id)s", "A member of the project.";
    "project_reader_api" = "role:reader and project_id:%(project_id)s", "Anybody who may read in the project.";
    "project_manager_or_admin" = "rule:project_manager_api or rule:context_is_admin", "A manager of the project, or an administrator.";
    "project_member_or_admin" = "rule:project_member_api or rule:context_is_admin", "A member of the project, or an administrator.";
    "project_reader_or_admin" = "rule:project_reader_api or rule:context_is_admin", "A reader of the project, or an administrator.";
    "project_member" = "role:member and project_id:%(project_id)s", "A member of the project, as container-infra calls him.";
    "project_reader" = "role:reader and project_id:%(project_id)s", "A reader of the project, as container-infra calls him.";
    "admin_or_project_member" = "rule:context_is_admin or rule:project_member", "An administrator, or a member of the project.";
    "admin_or_project_reader" = "rule:context_is_admin or rule:project_reader", "An administrator, or a reader of the project.";
    "is_user" = "user_id:%(user_id)s", "The user himself, as container-infra calls him.";
}
