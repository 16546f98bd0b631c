//! Compute's rules, with upstream's names and defaults.

use crate::rules;

rules! {
    /// List servers, ids and names only.
    Index = "os_compute_api:servers:index", "rule:project_reader_or_admin", ["GET /servers"];
    /// List servers of every project.
    IndexAll = "os_compute_api:servers:index:get_all_tenants", "rule:context_is_admin", ["GET /servers"];
    /// List servers with all details.
    Detail = "os_compute_api:servers:detail", "rule:project_reader_or_admin", ["GET /servers/detail"];
    /// List servers of every project with all details.
    DetailAll = "os_compute_api:servers:detail:get_all_tenants", "rule:context_is_admin", ["GET /servers/detail"];
    /// Narrow lists of servers by what only operators know.
    AllFilters = "os_compute_api:servers:allow_all_filters", "rule:context_is_admin", ["GET /servers", "GET /servers/detail"];
    /// Show a server.
    Show = "os_compute_api:servers:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}"];
    /// See whether a server's host is up.
    ShowHostStatus = "os_compute_api:servers:show:host_status", "rule:context_is_admin", ["GET /servers/{server_id}", "GET /servers/detail"];
    /// See where and how a server runs.
    ExtendedAttributes = "os_compute_api:os-extended-server-attributes", "rule:context_is_admin", ["GET /servers/{server_id}", "GET /servers/detail"];
    /// Make a server.
    Create = "os_compute_api:servers:create", "rule:project_member_or_admin", ["POST /servers"];
    /// Make a server on a host of one's choice.
    CreateForcedHost = "os_compute_api:servers:create:forced_host", "rule:context_is_admin", ["POST /servers"];
    /// Make a server on a host of one's choice that the scheduler agrees with.
    CreateRequestedDestination = "compute:servers:create:requested_destination", "rule:context_is_admin", ["POST /servers"];
    /// Change a server's name, description or host name.
    Update = "os_compute_api:servers:update", "rule:project_member_or_admin", ["PUT /servers/{server_id}"];
    /// Delete a server.
    Delete = "os_compute_api:servers:delete", "rule:project_member_or_admin", ["DELETE /servers/{server_id}"];
    /// Delete a server whatever its state.
    ForceDelete = "os_compute_api:os-deferred-delete:force", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (forceDelete)"];
    /// Start a server.
    Start = "os_compute_api:servers:start", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (os-start)"];
    /// Stop a server.
    Stop = "os_compute_api:servers:stop", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (os-stop)"];
    /// Restart a server.
    Reboot = "os_compute_api:servers:reboot", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (reboot)"];
    /// Make a server anew from an image.
    Rebuild = "os_compute_api:servers:rebuild", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (rebuild)"];
    /// Change a server's size.
    Resize = "os_compute_api:servers:resize", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (resize)"];
    /// Keep a server's new size.
    ConfirmResize = "os_compute_api:servers:confirm_resize", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (confirmResize)"];
    /// Go back to a server's old size.
    RevertResize = "os_compute_api:servers:revert_resize", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (revertResize)"];
    /// Make an image of a server.
    CreateImage = "os_compute_api:servers:create_image", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (createImage)"];
    /// Freeze a server.
    Pause = "os_compute_api:os-pause-server:pause", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (pause)"];
    /// Let a frozen server go on.
    Unpause = "os_compute_api:os-pause-server:unpause", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (unpause)"];
    /// Lock a server against changes.
    Lock = "os_compute_api:os-lock-server:lock", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (lock)"];
    /// Unlock a server.
    Unlock = "os_compute_api:os-lock-server:unlock", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (unlock)"];
    /// Unlock a server that an administrator locked.
    UnlockOverride = "os_compute_api:os-lock-server:unlock:unlock_override", "rule:context_is_admin", ["POST /servers/{server_id}/action (unlock)"];
    /// Say which state a server is in.
    ResetState = "os_compute_api:os-admin-actions:reset_state", "rule:context_is_admin", ["POST /servers/{server_id}/action (os-resetState)"];
    /// Read what a server printed.
    ConsoleOutput = "os_compute_api:os-console-output", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (os-getConsoleOutput)"];
    /// Open a terminal in a server.
    RemoteConsoles = "os_compute_api:os-remote-consoles", "rule:project_member_or_admin", ["POST /servers/{server_id}/remote-consoles"];
    /// Read a server's counters.
    Diagnostics = "os_compute_api:os-server-diagnostics", "rule:context_is_admin", ["GET /servers/{server_id}/diagnostics"];
    /// List a server's metadata.
    MetadataIndex = "os_compute_api:server-metadata:index", "rule:project_reader_or_admin", ["GET /servers/{server_id}/metadata"];
    /// Show one of a server's metadata.
    MetadataShow = "os_compute_api:server-metadata:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}/metadata/{key}"];
    /// Add to a server's metadata.
    MetadataCreate = "os_compute_api:server-metadata:create", "rule:project_member_or_admin", ["POST /servers/{server_id}/metadata"];
    /// Replace a server's metadata.
    MetadataUpdateAll = "os_compute_api:server-metadata:update_all", "rule:project_member_or_admin", ["PUT /servers/{server_id}/metadata"];
    /// Set one of a server's metadata.
    MetadataUpdate = "os_compute_api:server-metadata:update", "rule:project_member_or_admin", ["PUT /servers/{server_id}/metadata/{key}"];
    /// Remove one of a server's metadata.
    MetadataDelete = "os_compute_api:server-metadata:delete", "rule:project_member_or_admin", ["DELETE /servers/{server_id}/metadata/{key}"];
    /// List a server's tags.
    TagsIndex = "os_compute_api:os-server-tags:index", "rule:project_reader_or_admin", ["GET /servers/{server_id}/tags"];
    /// Ask for one of a server's tags.
    TagsShow = "os_compute_api:os-server-tags:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}/tags/{tag}"];
    /// Add one of a server's tags.
    TagsUpdate = "os_compute_api:os-server-tags:update", "rule:project_member_or_admin", ["PUT /servers/{server_id}/tags/{tag}"];
    /// Replace a server's tags.
    TagsUpdateAll = "os_compute_api:os-server-tags:update_all", "rule:project_member_or_admin", ["PUT /servers/{server_id}/tags"];
    /// Remove one of a server's tags.
    TagsDelete = "os_compute_api:os-server-tags:delete", "rule:project_member_or_admin", ["DELETE /servers/{server_id}/tags/{tag}"];
    /// Remove a server's tags.
    TagsDeleteAll = "os_compute_api:os-server-tags:delete_all", "rule:project_member_or_admin", ["DELETE /servers/{server_id}/tags"];
    /// List a server's addresses.
    IpsIndex = "os_compute_api:ips:index", "rule:project_reader_or_admin", ["GET /servers/{server_id}/ips"];
    /// Show a server's addresses on one network.
    IpsShow = "os_compute_api:ips:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}/ips/{network}"];
    /// List what was done to a server.
    ActionsList = "os_compute_api:os-instance-actions:list", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-instance-actions"];
    /// Show one thing that was done to a server.
    ActionsShow = "os_compute_api:os-instance-actions:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-instance-actions/{request_id}"];
    /// See the steps of what was done to a server, and the host, before 2.51.
    ActionsEvents = "os_compute_api:os-instance-actions:events", "rule:context_is_admin", ["GET /servers/{server_id}/os-instance-actions/{request_id}"];
    /// See why a step failed (2.84).
    ActionsEventsDetails = "os_compute_api:os-instance-actions:events:details", "rule:context_is_admin", ["GET /servers/{server_id}/os-instance-actions/{request_id}"];
    /// List a server's interfaces.
    InterfacesList = "os_compute_api:os-attach-interfaces:list", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-interface"];
    /// Show one of a server's interfaces.
    InterfacesShow = "os_compute_api:os-attach-interfaces:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-interface/{port_id}"];
    /// Add an interface to a server.
    InterfacesCreate = "os_compute_api:os-attach-interfaces:create", "rule:project_member_or_admin", ["POST /servers/{server_id}/os-interface"];
    /// Take an interface from a server.
    InterfacesDelete = "os_compute_api:os-attach-interfaces:delete", "rule:project_member_or_admin", ["DELETE /servers/{server_id}/os-interface/{port_id}"];
    /// List a server's volumes.
    VolumesIndex = "os_compute_api:os-volumes-attachments:index", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-volume_attachments"];
    /// Attach a volume to a server.
    VolumesCreate = "os_compute_api:os-volumes-attachments:create", "rule:project_member_or_admin", ["POST /servers/{server_id}/os-volume_attachments"];
    /// List a server's security groups.
    SecurityGroupsList = "os_compute_api:os-security-groups:list", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-security-groups"];
    /// Give a server a security group.
    SecurityGroupsAdd = "os_compute_api:os-security-groups:add", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (addSecurityGroup)"];
    /// Take a security group from a server.
    SecurityGroupsRemove = "os_compute_api:os-security-groups:remove", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (removeSecurityGroup)"];
    /// Show a server's encrypted password.
    PasswordShow = "os_compute_api:os-server-password:show", "rule:project_reader_or_admin", ["GET /servers/{server_id}/os-server-password"];
    /// Forget a server's encrypted password.
    PasswordClear = "os_compute_api:os-server-password:clear", "rule:project_member_or_admin", ["DELETE /servers/{server_id}/os-server-password"];
    /// Save a server's memory and stop it.
    Suspend = "os_compute_api:os-suspend-server:suspend", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (suspend)"];
    /// Go on from saved memory.
    Resume = "os_compute_api:os-suspend-server:resume", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (resume)"];
    /// Put a server away.
    Shelve = "os_compute_api:os-shelve:shelve", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (shelve, shelveOffload)"];
    /// Bring a server back that was put away.
    Unshelve = "os_compute_api:os-shelve:unshelve", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (unshelve)"];
    /// Boot a server from another image for repair.
    Rescue = "os_compute_api:os-rescue", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (rescue, unrescue)"];
    /// Move a server to another host.
    Migrate = "os_compute_api:os-migrate-server:migrate", "rule:context_is_admin", ["POST /servers/{server_id}/action (migrate, os-migrateLive)"];
    /// Make a dead host's server anew on another.
    Evacuate = "os_compute_api:os-evacuate", "rule:context_is_admin", ["POST /servers/{server_id}/action (evacuate)"];
    /// Make a backup image of a server.
    CreateBackup = "os_compute_api:os-create-backup", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (createBackup)"];
    /// Change a server's password.
    ChangePassword = "os_compute_api:os-admin-password", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (changePassword)"];
    /// Make a server's kernel crash.
    CrashDump = "os_compute_api:servers:trigger_crash_dump", "rule:project_member_or_admin", ["POST /servers/{server_id}/action (trigger_crash_dump)"];
    /// List the API's extensions.
    Extensions = "os_compute_api:extensions", "@", ["GET /extensions", "GET /extensions/{alias}"];
    /// List and show flavors.
    Flavors = "os_compute_api:flavors", "@", ["GET /flavors", "GET /flavors/detail", "GET /flavors/{flavor_id}"];
    /// Make a flavor.
    FlavorCreate = "os_compute_api:os-flavor-manage:create", "rule:context_is_admin", ["POST /flavors"];
    /// Change a flavor.
    FlavorUpdate = "os_compute_api:os-flavor-manage:update", "rule:context_is_admin", ["PUT /flavors/{flavor_id}"];
    /// Delete a flavor.
    FlavorDelete = "os_compute_api:os-flavor-manage:delete", "rule:context_is_admin", ["DELETE /flavors/{flavor_id}"];
    /// List the projects that may use a flavor.
    FlavorAccess = "os_compute_api:os-flavor-access", "rule:context_is_admin", ["GET /flavors/{flavor_id}/os-flavor-access"];
    /// Let a project use a flavor.
    FlavorAddAccess = "os_compute_api:os-flavor-access:add_tenant_access", "rule:context_is_admin", ["POST /flavors/{flavor_id}/action (addTenantAccess)"];
    /// Let a project use a flavor no more.
    FlavorRemoveAccess = "os_compute_api:os-flavor-access:remove_tenant_access", "rule:context_is_admin", ["POST /flavors/{flavor_id}/action (removeTenantAccess)"];
    /// List a flavor's extra specs.
    ExtraSpecsIndex = "os_compute_api:os-flavor-extra-specs:index", "rule:project_reader_or_admin", ["GET /flavors/{flavor_id}/os-extra_specs", "GET /flavors/detail"];
    /// Show one of a flavor's extra specs.
    ExtraSpecsShow = "os_compute_api:os-flavor-extra-specs:show", "rule:project_reader_or_admin", ["GET /flavors/{flavor_id}/os-extra_specs/{key}"];
    /// Add to a flavor's extra specs.
    ExtraSpecsCreate = "os_compute_api:os-flavor-extra-specs:create", "rule:context_is_admin", ["POST /flavors/{flavor_id}/os-extra_specs"];
    /// Set one of a flavor's extra specs.
    ExtraSpecsUpdate = "os_compute_api:os-flavor-extra-specs:update", "rule:context_is_admin", ["PUT /flavors/{flavor_id}/os-extra_specs/{key}"];
    /// Remove one of a flavor's extra specs.
    ExtraSpecsDelete = "os_compute_api:os-flavor-extra-specs:delete", "rule:context_is_admin", ["DELETE /flavors/{flavor_id}/os-extra_specs/{key}"];
    /// List key pairs.
    KeypairsIndex = "os_compute_api:os-keypairs:index", "rule:context_is_admin or user_id:%(user_id)s", ["GET /os-keypairs"];
    /// Show a key pair.
    KeypairsShow = "os_compute_api:os-keypairs:show", "rule:context_is_admin or user_id:%(user_id)s", ["GET /os-keypairs/{name}"];
    /// Make a key pair.
    KeypairsCreate = "os_compute_api:os-keypairs:create", "rule:context_is_admin or user_id:%(user_id)s", ["POST /os-keypairs"];
    /// Delete a key pair.
    KeypairsDelete = "os_compute_api:os-keypairs:delete", "rule:context_is_admin or user_id:%(user_id)s", ["DELETE /os-keypairs/{name}"];
    /// List server groups.
    GroupsIndex = "os_compute_api:os-server-groups:index", "rule:project_reader_or_admin", ["GET /os-server-groups"];
    /// List server groups of every project.
    GroupsAll = "os_compute_api:os-server-groups:index:all_projects", "rule:context_is_admin", ["GET /os-server-groups"];
    /// Show a server group.
    GroupsShow = "os_compute_api:os-server-groups:show", "rule:project_reader_or_admin", ["GET /os-server-groups/{id}"];
    /// Make a server group.
    GroupsCreate = "os_compute_api:os-server-groups:create", "rule:project_member_or_admin", ["POST /os-server-groups"];
    /// Delete a server group.
    GroupsDelete = "os_compute_api:os-server-groups:delete", "rule:project_member_or_admin", ["DELETE /os-server-groups/{id}"];
    /// List availability zones.
    ZonesList = "os_compute_api:os-availability-zone:list", "@", ["GET /os-availability-zone"];
    /// List availability zones with their hosts.
    ZonesDetail = "os_compute_api:os-availability-zone:detail", "rule:context_is_admin", ["GET /os-availability-zone/detail"];
    /// List hypervisors.
    HypervisorsList = "os_compute_api:os-hypervisors:list", "rule:context_is_admin", ["GET /os-hypervisors"];
    /// List hypervisors with all details.
    HypervisorsDetail = "os_compute_api:os-hypervisors:list-detail", "rule:context_is_admin", ["GET /os-hypervisors/detail"];
    /// Sum up all hypervisors.
    HypervisorsStatistics = "os_compute_api:os-hypervisors:statistics", "rule:context_is_admin", ["GET /os-hypervisors/statistics"];
    /// Show a hypervisor.
    HypervisorsShow = "os_compute_api:os-hypervisors:show", "rule:context_is_admin", ["GET /os-hypervisors/{id}"];
    /// Show since when a hypervisor runs.
    HypervisorsUptime = "os_compute_api:os-hypervisors:uptime", "rule:context_is_admin", ["GET /os-hypervisors/{id}/uptime"];
    /// Find hypervisors by name.
    HypervisorsSearch = "os_compute_api:os-hypervisors:search", "rule:context_is_admin", ["GET /os-hypervisors/{pattern}/search"];
    /// List the servers on hypervisors.
    HypervisorsServers = "os_compute_api:os-hypervisors:servers", "rule:context_is_admin", ["GET /os-hypervisors/{pattern}/servers"];
    /// List compute services.
    ServicesList = "os_compute_api:os-services:list", "rule:context_is_admin", ["GET /os-services"];
    /// Enable, disable or declare down a compute service.
    ServicesUpdate = "os_compute_api:os-services:update", "rule:context_is_admin", ["PUT /os-services/{id}"];
    /// Remove a compute service.
    ServicesDelete = "os_compute_api:os-services:delete", "rule:context_is_admin", ["DELETE /os-services/{id}"];
    /// Show the limits of one's project.
    Limits = "os_compute_api:limits", "@", ["GET /limits"];
    /// Show the limits of another project.
    LimitsOther = "os_compute_api:limits:other_project", "rule:context_is_admin", ["GET /limits"];
    /// Show a project's quotas.
    QuotaShow = "os_compute_api:os-quota-sets:show", "rule:project_reader_or_admin", ["GET /os-quota-sets/{project_id}"];
    /// Show a project's quotas and what is used.
    QuotaDetail = "os_compute_api:os-quota-sets:detail", "rule:project_reader_or_admin", ["GET /os-quota-sets/{project_id}/detail"];
    /// Show the quotas projects have when nobody says otherwise.
    QuotaDefaults = "os_compute_api:os-quota-sets:defaults", "@", ["GET /os-quota-sets/{project_id}/defaults"];
    /// Set a project's quotas.
    QuotaUpdate = "os_compute_api:os-quota-sets:update", "rule:context_is_admin", ["PUT /os-quota-sets/{project_id}"];
    /// Bring a project's quotas back to the defaults.
    QuotaDelete = "os_compute_api:os-quota-sets:delete", "rule:context_is_admin", ["DELETE /os-quota-sets/{project_id}"];
    /// Show the quotas of a class.
    QuotaClassShow = "os_compute_api:os-quota-class-sets:show", "rule:context_is_admin", ["GET /os-quota-class-sets/{class}"];
    /// Set the quotas of a class.
    QuotaClassUpdate = "os_compute_api:os-quota-class-sets:update", "rule:context_is_admin", ["PUT /os-quota-class-sets/{class}"];
    /// Show a project's usage over time.
    UsageShow = "os_compute_api:os-simple-tenant-usage:show", "rule:project_reader_or_admin", ["GET /os-simple-tenant-usage/{project_id}"];
    /// List every project's usage over time.
    UsageList = "os_compute_api:os-simple-tenant-usage:list", "rule:context_is_admin", ["GET /os-simple-tenant-usage"];
    /// List host aggregates.
    AggregatesIndex = "os_compute_api:os-aggregates:index", "rule:context_is_admin", ["GET /os-aggregates"];
    /// Make a host aggregate.
    AggregatesCreate = "os_compute_api:os-aggregates:create", "rule:context_is_admin", ["POST /os-aggregates"];
    /// List networks as the first API did.
    NetworksList = "os_compute_api:os-networks:list", "rule:project_reader_or_admin", ["GET /os-networks"];
    /// Show a network as the first API did.
    NetworksShow = "os_compute_api:os-networks:show", "rule:project_reader_or_admin", ["GET /os-networks/{id}"];
    /// List hosts as the first API did.
    HostsList = "os_compute_api:os-hosts:list", "rule:context_is_admin", ["GET /os-hosts"];
    /// Show a host as the first API did.
    HostsShow = "os_compute_api:os-hosts:show", "rule:context_is_admin", ["GET /os-hosts/{host}"];
    /// List migrations.
    MigrationsIndex = "os_compute_api:os-migrations:index", "rule:context_is_admin", ["GET /os-migrations"];
}
