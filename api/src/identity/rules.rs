//! Identity's rules, with upstream's names. Beyond upstream's older defaults, a `manager` with a token
//! for a domain looks after that domain's users, groups, projects and ordinary roles.

use crate::rules;

rules! {
    /// Show a domain.
    GetDomain = "identity:get_domain",
        "rule:admin_required or (role:reader and system_scope:all) or token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s",
        ["GET /v3/domains/{domain_id}"];
    /// List domains. A reader of a domain sees his own.
    ListDomains = "identity:list_domains",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.domain_id)s)",
        ["GET /v3/domains"];
    /// Make a domain.
    CreateDomain = "identity:create_domain",
        "rule:admin_required",
        ["POST /v3/domains"];
    /// Change a domain.
    UpdateDomain = "identity:update_domain",
        "rule:admin_required",
        ["PATCH /v3/domains/{domain_id}"];
    /// Delete a domain with all in it.
    DeleteDomain = "identity:delete_domain",
        "rule:admin_required",
        ["DELETE /v3/domains/{domain_id}"];
    /// Show a project.
    GetProject = "identity:get_project",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.project.domain_id)s) or project_id:%(target.project.id)s",
        ["GET /v3/projects/{project_id}"];
    /// List projects.
    ListProjects = "identity:list_projects",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.domain_id)s)",
        ["GET /v3/projects"];
    /// Make a project.
    CreateProject = "identity:create_project",
        "rule:admin_required or (role:manager and domain_id:%(target.project.domain_id)s)",
        ["POST /v3/projects"];
    /// Change a project.
    UpdateProject = "identity:update_project",
        "rule:admin_required or (role:manager and domain_id:%(target.project.domain_id)s)",
        ["PATCH /v3/projects/{project_id}"];
    /// Delete a project.
    DeleteProject = "identity:delete_project",
        "rule:admin_required or (role:manager and domain_id:%(target.project.domain_id)s)",
        ["DELETE /v3/projects/{project_id}"];
    /// List a project's tags.
    ListProjectTags = "identity:list_project_tags",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.project.domain_id)s) or project_id:%(target.project.id)s",
        ["GET /v3/projects/{project_id}/tags", "GET /v3/projects/{project_id}/tags/{tag}"];
    /// Set a project's tags.
    UpdateProjectTags = "identity:update_project_tags",
        "rule:admin_required or (role:manager and domain_id:%(target.project.domain_id)s) or (role:admin and project_id:%(target.project.id)s)",
        ["PUT /v3/projects/{project_id}/tags", "PUT /v3/projects/{project_id}/tags/{tag}"];
    /// Remove a project's tags.
    DeleteProjectTags = "identity:delete_project_tags",
        "rule:admin_required or (role:manager and domain_id:%(target.project.domain_id)s) or (role:admin and project_id:%(target.project.id)s)",
        ["DELETE /v3/projects/{project_id}/tags", "DELETE /v3/projects/{project_id}/tags/{tag}"];
    /// Show a user.
    GetUser = "identity:get_user",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}"];
    /// List users.
    ListUsers = "identity:list_users",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.domain_id)s)",
        ["GET /v3/users"];
    /// Make a user.
    CreateUser = "identity:create_user",
        "rule:admin_required or (role:manager and domain_id:%(target.user.domain_id)s)",
        ["POST /v3/users"];
    /// Change a user.
    UpdateUser = "identity:update_user",
        "rule:admin_required or (role:manager and domain_id:%(target.user.domain_id)s)",
        ["PATCH /v3/users/{user_id}"];
    /// Delete a user.
    DeleteUser = "identity:delete_user",
        "rule:admin_required or (role:manager and domain_id:%(target.user.domain_id)s)",
        ["DELETE /v3/users/{user_id}"];
    /// List the projects a user has a role on.
    ListUserProjects = "identity:list_user_projects",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}/projects"];
    /// List a user's groups.
    ListGroupsForUser = "identity:list_groups_for_user",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}/groups"];
    /// Show a group.
    GetGroup = "identity:get_group",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.group.domain_id)s)",
        ["GET /v3/groups/{group_id}"];
    /// List groups.
    ListGroups = "identity:list_groups",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.domain_id)s)",
        ["GET /v3/groups"];
    /// Make a group.
    CreateGroup = "identity:create_group",
        "rule:admin_required or (role:manager and domain_id:%(target.group.domain_id)s)",
        ["POST /v3/groups"];
    /// Change a group.
    UpdateGroup = "identity:update_group",
        "rule:admin_required or (role:manager and domain_id:%(target.group.domain_id)s)",
        ["PATCH /v3/groups/{group_id}"];
    /// Delete a group.
    DeleteGroup = "identity:delete_group",
        "rule:admin_required or (role:manager and domain_id:%(target.group.domain_id)s)",
        ["DELETE /v3/groups/{group_id}"];
    /// List the users in a group.
    ListUsersInGroup = "identity:list_users_in_group",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.group.domain_id)s)",
        ["GET /v3/groups/{group_id}/users"];
    /// Ask whether a user is in a group.
    CheckUserInGroup = "identity:check_user_in_group",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)",
        ["HEAD /v3/groups/{group_id}/users/{user_id}"];
    /// Put a user into a group.
    AddUserToGroup = "identity:add_user_to_group",
        "rule:admin_required or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)",
        ["PUT /v3/groups/{group_id}/users/{user_id}"];
    /// Take a user out of a group.
    RemoveUserFromGroup = "identity:remove_user_from_group",
        "rule:admin_required or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)",
        ["DELETE /v3/groups/{group_id}/users/{user_id}"];
    /// Show a role of the cloud.
    GetRole = "identity:get_role",
        "rule:admin_required or (role:reader and system_scope:all) or (role:manager and rule:domain_managed_target_role)",
        ["GET /v3/roles/{role_id}"];
    /// List the roles of the cloud.
    ListRoles = "identity:list_roles",
        "rule:admin_required or (role:reader and system_scope:all) or (role:manager and not domain_id:None)",
        ["GET /v3/roles"];
    /// Make a role of the cloud.
    CreateRole = "identity:create_role",
        "rule:admin_required",
        ["POST /v3/roles"];
    /// Change a role of the cloud.
    UpdateRole = "identity:update_role",
        "rule:admin_required",
        ["PATCH /v3/roles/{role_id}"];
    /// Delete a role of the cloud.
    DeleteRole = "identity:delete_role",
        "rule:admin_required",
        ["DELETE /v3/roles/{role_id}"];
    /// Show a role of a domain.
    GetDomainRole = "identity:get_domain_role",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.role.domain_id)s)",
        ["GET /v3/roles/{role_id}"];
    /// List the roles of a domain.
    ListDomainRoles = "identity:list_domain_roles",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.domain_id)s)",
        ["GET /v3/roles?domain_id={domain_id}"];
    /// Make a role of a domain.
    CreateDomainRole = "identity:create_domain_role",
        "rule:admin_required",
        ["POST /v3/roles"];
    /// Change a role of a domain.
    UpdateDomainRole = "identity:update_domain_role",
        "rule:admin_required",
        ["PATCH /v3/roles/{role_id}"];
    /// Delete a role of a domain.
    DeleteDomainRole = "identity:delete_domain_role",
        "rule:admin_required",
        ["DELETE /v3/roles/{role_id}"];
    /// Show an implication.
    GetImpliedRole = "identity:get_implied_role",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/roles/{prior_role_id}/implies/{implied_role_id}"];
    /// List what a role implies.
    ListImpliedRoles = "identity:list_implied_roles",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/roles/{prior_role_id}/implies"];
    /// Make a role imply another.
    CreateImpliedRole = "identity:create_implied_role",
        "rule:admin_required",
        ["PUT /v3/roles/{prior_role_id}/implies/{implied_role_id}"];
    /// End an implication.
    DeleteImpliedRole = "identity:delete_implied_role",
        "rule:admin_required",
        ["DELETE /v3/roles/{prior_role_id}/implies/{implied_role_id}"];
    /// Ask whether a role implies another.
    CheckImpliedRole = "identity:check_implied_role",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["HEAD /v3/roles/{prior_role_id}/implies/{implied_role_id}"];
    /// List all implications.
    ListRoleInferenceRules = "identity:list_role_inference_rules",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/role_inferences"];
    /// List role assignments.
    ListRoleAssignments = "identity:list_role_assignments",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.domain_id)s)",
        ["GET /v3/role_assignments"];
    /// List the role assignments of a project and those below.
    ListRoleAssignmentsForTree = "identity:list_role_assignments_for_tree",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.project.domain_id)s) or (role:admin and project_id:%(target.project.id)s)",
        ["GET /v3/role_assignments?include_subtree"];
    /// Ask whether a role is given.
    CheckGrant = "identity:check_grant",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.user.domain_id)s and domain_id:%(target.project.domain_id)s) or (role:reader and domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.project.domain_id)s) or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)",
        ["HEAD /v3/projects/{project_id}/users/{user_id}/roles/{role_id}"];
    /// List the roles given to somebody somewhere.
    ListGrants = "identity:list_grants",
        "rule:admin_required or (role:reader and system_scope:all) or (role:reader and domain_id:%(target.user.domain_id)s and domain_id:%(target.project.domain_id)s) or (role:reader and domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s) or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.project.domain_id)s) or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)",
        ["GET /v3/projects/{project_id}/users/{user_id}/roles"];
    /// Give a role on a project or domain.
    CreateGrant = "identity:create_grant",
        "rule:admin_required or (role:manager and domain_id:%(target.user.domain_id)s and domain_id:%(target.project.domain_id)s and rule:domain_managed_target_role) or (role:manager and domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s and rule:domain_managed_target_role) or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.project.domain_id)s and rule:domain_managed_target_role) or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s and rule:domain_managed_target_role)",
        ["PUT /v3/projects/{project_id}/users/{user_id}/roles/{role_id}"];
    /// Take a role on a project or domain away.
    RevokeGrant = "identity:revoke_grant",
        "rule:admin_required or (role:manager and domain_id:%(target.user.domain_id)s and domain_id:%(target.project.domain_id)s and rule:domain_managed_target_role) or (role:manager and domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s and rule:domain_managed_target_role) or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.project.domain_id)s and rule:domain_managed_target_role) or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s and rule:domain_managed_target_role)",
        ["DELETE /v3/projects/{project_id}/users/{user_id}/roles/{role_id}"];
    /// List a user's roles on the system.
    ListSystemGrantsForUser = "identity:list_system_grants_for_user",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/system/users/{user_id}/roles"];
    /// Ask whether a user has a role on the system.
    CheckSystemGrantForUser = "identity:check_system_grant_for_user",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["HEAD /v3/system/users/{user_id}/roles/{role_id}"];
    /// Give a user a role on the system.
    CreateSystemGrantForUser = "identity:create_system_grant_for_user",
        "rule:admin_required",
        ["PUT /v3/system/users/{user_id}/roles/{role_id}"];
    /// Take a user's role on the system away.
    RevokeSystemGrantForUser = "identity:revoke_system_grant_for_user",
        "rule:admin_required",
        ["DELETE /v3/system/users/{user_id}/roles/{role_id}"];
    /// List a group's roles on the system.
    ListSystemGrantsForGroup = "identity:list_system_grants_for_group",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/system/groups/{group_id}/roles"];
    /// Ask whether a group has a role on the system.
    CheckSystemGrantForGroup = "identity:check_system_grant_for_group",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["HEAD /v3/system/groups/{group_id}/roles/{role_id}"];
    /// Give a group a role on the system.
    CreateSystemGrantForGroup = "identity:create_system_grant_for_group",
        "rule:admin_required",
        ["PUT /v3/system/groups/{group_id}/roles/{role_id}"];
    /// Take a group's role on the system away.
    RevokeSystemGrantForGroup = "identity:revoke_system_grant_for_group",
        "rule:admin_required",
        ["DELETE /v3/system/groups/{group_id}/roles/{role_id}"];
    /// Show an application credential.
    GetApplicationCredential = "identity:get_application_credential",
        "rule:admin_required or (role:reader and system_scope:all) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}/application_credentials/{application_credential_id}"];
    /// List a user's application credentials.
    ListApplicationCredentials = "identity:list_application_credentials",
        "rule:admin_required or (role:reader and system_scope:all) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}/application_credentials"];
    /// Make an application credential: only for oneself.
    CreateApplicationCredential = "identity:create_application_credential",
        "user_id:%(target.user.id)s",
        ["POST /v3/users/{user_id}/application_credentials"];
    /// Delete an application credential.
    DeleteApplicationCredential = "identity:delete_application_credential",
        "rule:admin_required or user_id:%(target.user.id)s",
        ["DELETE /v3/users/{user_id}/application_credentials/{application_credential_id}"];
    /// Show an access rule.
    GetAccessRule = "identity:get_access_rule",
        "rule:admin_required or (role:reader and system_scope:all) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}/access_rules/{access_rule_id}"];
    /// List a user's access rules.
    ListAccessRules = "identity:list_access_rules",
        "rule:admin_required or (role:reader and system_scope:all) or user_id:%(target.user.id)s",
        ["GET /v3/users/{user_id}/access_rules"];
    /// Delete an access rule.
    DeleteAccessRule = "identity:delete_access_rule",
        "rule:admin_required or user_id:%(target.user.id)s",
        ["DELETE /v3/users/{user_id}/access_rules/{access_rule_id}"];
    /// Show a region.
    GetRegion = "identity:get_region",
        "@",
        ["GET /v3/regions/{region_id}"];
    /// List regions.
    ListRegions = "identity:list_regions",
        "@",
        ["GET /v3/regions"];
    /// Make a region.
    CreateRegion = "identity:create_region",
        "rule:admin_required",
        ["POST /v3/regions"];
    /// Change a region.
    UpdateRegion = "identity:update_region",
        "rule:admin_required",
        ["PATCH /v3/regions/{region_id}"];
    /// Delete a region.
    DeleteRegion = "identity:delete_region",
        "rule:admin_required",
        ["DELETE /v3/regions/{region_id}"];
    /// Show a service.
    GetService = "identity:get_service",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/services/{service_id}"];
    /// List services.
    ListServices = "identity:list_services",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/services"];
    /// Make a service.
    CreateService = "identity:create_service",
        "rule:admin_required",
        ["POST /v3/services"];
    /// Change a service.
    UpdateService = "identity:update_service",
        "rule:admin_required",
        ["PATCH /v3/services/{service_id}"];
    /// Delete a service.
    DeleteService = "identity:delete_service",
        "rule:admin_required",
        ["DELETE /v3/services/{service_id}"];
    /// Show a endpoint.
    GetEndpoint = "identity:get_endpoint",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/endpoints/{endpoint_id}"];
    /// List endpoints.
    ListEndpoints = "identity:list_endpoints",
        "rule:admin_required or (role:reader and system_scope:all)",
        ["GET /v3/endpoints"];
    /// Make a endpoint.
    CreateEndpoint = "identity:create_endpoint",
        "rule:admin_required",
        ["POST /v3/endpoints"];
    /// Change a endpoint.
    UpdateEndpoint = "identity:update_endpoint",
        "rule:admin_required",
        ["PATCH /v3/endpoints/{endpoint_id}"];
    /// Delete a endpoint.
    DeleteEndpoint = "identity:delete_endpoint",
        "rule:admin_required",
        ["DELETE /v3/endpoints/{endpoint_id}"];
    /// Show a credential.
    GetCredential = "identity:get_credential",
        "rule:admin_required or (role:reader and system_scope:all) or user_id:%(target.credential.user_id)s",
        ["GET /v3/credentials/{credential_id}"];
    /// List credentials.
    ListCredentials = "identity:list_credentials",
        "rule:admin_required or (role:reader and system_scope:all) or user_id:%(target.credential.user_id)s",
        ["GET /v3/credentials"];
    /// Make a credential.
    CreateCredential = "identity:create_credential",
        "rule:admin_required or user_id:%(target.credential.user_id)s",
        ["POST /v3/credentials"];
    /// Change a credential.
    UpdateCredential = "identity:update_credential",
        "rule:admin_required or user_id:%(target.credential.user_id)s",
        ["PATCH /v3/credentials/{credential_id}"];
    /// Delete a credential.
    DeleteCredential = "identity:delete_credential",
        "rule:admin_required or user_id:%(target.credential.user_id)s",
        ["DELETE /v3/credentials/{credential_id}"];
    /// Show what a token stands for.
    ValidateToken = "identity:validate_token",
        "rule:admin_required or rule:service_role or (role:reader and system_scope:all) or rule:token_subject",
        ["GET /v3/auth/tokens"];
    /// Ask whether a token is good.
    CheckToken = "identity:check_token",
        "rule:admin_required or rule:service_role or (role:reader and system_scope:all) or rule:token_subject",
        ["HEAD /v3/auth/tokens"];
    /// End a token.
    RevokeToken = "identity:revoke_token",
        "rule:admin_required or rule:service_role or rule:token_subject",
        ["DELETE /v3/auth/tokens"];
    /// Show the catalog for one's own token.
    GetAuthCatalog = "identity:get_auth_catalog",
        "@",
        ["GET /v3/auth/catalog"];
    /// List the projects one can get a token for.
    GetAuthProjects = "identity:get_auth_projects",
        "@",
        ["GET /v3/auth/projects"];
    /// List the domains one can get a token for.
    GetAuthDomains = "identity:get_auth_domains",
        "@",
        ["GET /v3/auth/domains"];
    /// Say whether one can get a token for the system.
    GetAuthSystem = "identity:get_auth_system",
        "@",
        ["GET /v3/auth/system"];
    /// List EC2 credentials: not built.
    Ec2ListCredentials = "identity:ec2_list_credentials",
        "@",
        ["GET /v3/users/{user_id}/credentials/OS-EC2"];
    /// Make EC2 credentials: not built.
    Ec2CreateCredential = "identity:ec2_create_credential",
        "@",
        ["POST /v3/users/{user_id}/credentials/OS-EC2"];
    /// List the unified limits of projects.
    GetLimits = "identity:list_limits",
        "@",
        ["GET /v3/limits"];
    /// List the unified limits' defaults.
    GetRegisteredLimits = "identity:list_registered_limits",
        "@",
        ["GET /v3/registered_limits"];
}
