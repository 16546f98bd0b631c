//! Container-infra's rules, with upstream's names and defaults; those of what upstream no longer has
//! (pods, nodes, …) have the names of 2015, and let every member of the project do everything.

use crate::rules;

rules! {
    /// List cluster templates.
    TemplateGetAll = "clustertemplate:get_all", "rule:admin_or_project_reader", ["GET /v1/clustertemplates"];
    /// List cluster templates with all fields.
    TemplateDetail = "clustertemplate:detail", "rule:admin_or_project_reader", ["GET /v1/clustertemplates/detail"];
    /// Show a cluster template.
    TemplateGet = "clustertemplate:get", "rule:admin_or_project_reader", ["GET /v1/clustertemplates/{ident}"];
    /// Make a cluster template.
    TemplateCreate = "clustertemplate:create", "rule:admin_or_project_member", ["POST /v1/clustertemplates"];
    /// Change a cluster template.
    TemplateUpdate = "clustertemplate:update", "rule:admin_or_project_member", ["PATCH /v1/clustertemplates/{ident}"];
    /// Delete a cluster template.
    TemplateDelete = "clustertemplate:delete", "rule:admin_or_project_member", ["DELETE /v1/clustertemplates/{ident}"];
    /// Make a cluster template public or hidden.
    TemplatePublish = "clustertemplate:publish", "rule:context_is_admin", ["POST /v1/clustertemplates", "PATCH /v1/clustertemplates/{ident}"];
    /// List baymodels.
    BaymodelGetAll = "baymodel:get_all", "rule:admin_or_project_reader", ["GET /v1/baymodels"];
    /// List baymodels with all fields.
    BaymodelDetail = "baymodel:detail", "rule:admin_or_project_reader", ["GET /v1/baymodels/detail"];
    /// Show a baymodel.
    BaymodelGet = "baymodel:get", "rule:admin_or_project_reader", ["GET /v1/baymodels/{ident}"];
    /// Make a baymodel.
    BaymodelCreate = "baymodel:create", "rule:admin_or_project_member", ["POST /v1/baymodels"];
    /// Change a baymodel.
    BaymodelUpdate = "baymodel:update", "rule:admin_or_project_member", ["PATCH /v1/baymodels/{ident}"];
    /// Delete a baymodel.
    BaymodelDelete = "baymodel:delete", "rule:admin_or_project_member", ["DELETE /v1/baymodels/{ident}"];
    /// Make a baymodel public or hidden.
    BaymodelPublish = "baymodel:publish", "rule:context_is_admin", ["POST /v1/baymodels", "PATCH /v1/baymodels/{ident}"];
    /// Show a project's quota.
    QuotaGet = "quota:get", "rule:admin_or_project_reader", ["GET /v1/quotas/{project_id}/{resource}"];
    /// List quotas.
    QuotaGetAll = "quota:get_all", "rule:context_is_admin", ["GET /v1/quotas"];
    /// Set a project's quota.
    QuotaCreate = "quota:create", "rule:context_is_admin", ["POST /v1/quotas"];
    /// Change a project's quota.
    QuotaUpdate = "quota:update", "rule:context_is_admin", ["PATCH /v1/quotas/{project_id}/{resource}"];
    /// Let a project have the default quota.
    QuotaDelete = "quota:delete", "rule:context_is_admin", ["DELETE /v1/quotas/{project_id}/{resource}"];
    /// Count clusters and their nodes.
    StatsGetAll = "stats:get_all", "rule:admin_or_project_reader", ["GET /v1/stats"];
    /// List the conductors.
    ServicesGetAll = "magnum-service:get_all", "rule:context_is_admin", ["GET /v1/mservices"];
    /// List federations.
    FederationGetAll = "federation:get_all", "rule:admin_or_project_reader", ["GET /v1/federations"];
    /// List federations with all fields.
    FederationDetail = "federation:detail", "rule:admin_or_project_reader", ["GET /v1/federations/detail"];
    /// Show a federation.
    FederationGet = "federation:get", "rule:admin_or_project_reader", ["GET /v1/federations/{ident}"];
    /// Make a federation.
    FederationCreate = "federation:create", "rule:admin_or_project_member", ["POST /v1/federations"];
    /// Change a federation.
    FederationUpdate = "federation:update", "rule:admin_or_project_member", ["PATCH /v1/federations/{ident}"];
    /// Delete a federation.
    FederationDelete = "federation:delete", "rule:admin_or_project_member", ["DELETE /v1/federations/{ident}"];
    /// List nodes.
    NodeGetAll = "node:get_all", "rule:admin_or_project_reader", ["GET /v1/nodes"];
    /// List nodes with all fields.
    NodeDetail = "node:detail", "rule:admin_or_project_reader", ["GET /v1/nodes/detail"];
    /// Show a node.
    NodeGet = "node:get", "rule:admin_or_project_reader", ["GET /v1/nodes/{ident}"];
    /// Make a node.
    NodeCreate = "node:create", "rule:admin_or_project_member", ["POST /v1/nodes"];
    /// Change a node.
    NodeUpdate = "node:update", "rule:admin_or_project_member", ["PATCH /v1/nodes/{ident}"];
    /// Delete a node.
    NodeDelete = "node:delete", "rule:admin_or_project_member", ["DELETE /v1/nodes/{ident}"];
    /// List X.509 key pairs.
    KeyPairGetAll = "x509keypair:get_all", "rule:admin_or_project_reader", ["GET /v1/x509keypairs"];
    /// List X.509 key pairs with all fields.
    KeyPairDetail = "x509keypair:detail", "rule:admin_or_project_member", ["GET /v1/x509keypairs/detail"];
    /// Show an X.509 key pair.
    KeyPairGet = "x509keypair:get", "rule:admin_or_project_member", ["GET /v1/x509keypairs/{ident}"];
    /// Make an X.509 key pair.
    KeyPairCreate = "x509keypair:create", "rule:admin_or_project_member", ["POST /v1/x509keypairs"];
    /// Delete an X.509 key pair.
    KeyPairDelete = "x509keypair:delete", "rule:admin_or_project_member", ["DELETE /v1/x509keypairs/{ident}"];
    /// List pods.
    PodGetAll = "pod:get_all", "rule:admin_or_project_reader", ["GET /v1/pods"];
    /// List pods with all fields.
    PodDetail = "pod:detail", "rule:admin_or_project_reader", ["GET /v1/pods/detail"];
    /// Show a pod.
    PodGet = "pod:get", "rule:admin_or_project_reader", ["GET /v1/pods/{ident}"];
    /// Make a pod.
    PodCreate = "pod:create", "rule:admin_or_project_member", ["POST /v1/pods"];
    /// Change a pod.
    PodUpdate = "pod:update", "rule:admin_or_project_member", ["PATCH /v1/pods/{ident}"];
    /// Delete a pod.
    PodDelete = "pod:delete", "rule:admin_or_project_member", ["DELETE /v1/pods/{ident}"];
    /// List services.
    ServiceGetAll = "service:get_all", "rule:admin_or_project_reader", ["GET /v1/services"];
    /// List services with all fields.
    ServiceDetail = "service:detail", "rule:admin_or_project_reader", ["GET /v1/services/detail"];
    /// Show a service.
    ServiceGet = "service:get", "rule:admin_or_project_reader", ["GET /v1/services/{ident}"];
    /// Make a service.
    ServiceCreate = "service:create", "rule:admin_or_project_member", ["POST /v1/services"];
    /// Change a service.
    ServiceUpdate = "service:update", "rule:admin_or_project_member", ["PATCH /v1/services/{ident}"];
    /// Delete a service.
    ServiceDelete = "service:delete", "rule:admin_or_project_member", ["DELETE /v1/services/{ident}"];
    /// List replication controllers.
    RcGetAll = "rc:get_all", "rule:admin_or_project_reader", ["GET /v1/rcs"];
    /// List replication controllers with all fields.
    RcDetail = "rc:detail", "rule:admin_or_project_reader", ["GET /v1/rcs/detail"];
    /// Show a replication controller.
    RcGet = "rc:get", "rule:admin_or_project_reader", ["GET /v1/rcs/{ident}"];
    /// Make a replication controller.
    RcCreate = "rc:create", "rule:admin_or_project_member", ["POST /v1/rcs"];
    /// Change a replication controller.
    RcUpdate = "rc:update", "rule:admin_or_project_member", ["PATCH /v1/rcs/{ident}"];
    /// Delete a replication controller.
    RcDelete = "rc:delete", "rule:admin_or_project_member", ["DELETE /v1/rcs/{ident}"];
    /// List containers.
    ContainerGetAll = "container:get_all", "rule:admin_or_project_reader", ["GET /v1/containers"];
    /// List containers with all fields.
    ContainerDetail = "container:detail", "rule:admin_or_project_reader", ["GET /v1/containers/detail"];
    /// Show a container.
    ContainerGet = "container:get", "rule:admin_or_project_reader", ["GET /v1/containers/{ident}"];
    /// Make a container.
    ContainerCreate = "container:create", "rule:admin_or_project_member", ["POST /v1/containers"];
    /// Change a container.
    ContainerUpdate = "container:update", "rule:admin_or_project_member", ["PATCH /v1/containers/{ident}"];
    /// Delete a container.
    ContainerDelete = "container:delete", "rule:admin_or_project_member", ["DELETE /v1/containers/{ident}"];
    /// Start a container.
    ContainerStart = "container:start", "rule:admin_or_project_member", ["PUT /v1/containers/{ident}/start"];
    /// Stop a container.
    ContainerStop = "container:stop", "rule:admin_or_project_member", ["PUT /v1/containers/{ident}/stop"];
    /// Restart a container.
    ContainerReboot = "container:reboot", "rule:admin_or_project_member", ["PUT /v1/containers/{ident}/reboot"];
    /// Freeze a container.
    ContainerPause = "container:pause", "rule:admin_or_project_member", ["PUT /v1/containers/{ident}/pause"];
    /// Let a frozen container go on.
    ContainerUnpause = "container:unpause", "rule:admin_or_project_member", ["PUT /v1/containers/{ident}/unpause"];
    /// Read what a container printed.
    ContainerLogs = "container:logs", "rule:admin_or_project_reader", ["GET /v1/containers/{ident}/logs"];
    /// Run a command in a container.
    ContainerExecute = "container:execute", "rule:admin_or_project_member", ["PUT /v1/containers/{ident}/execute"];
}
