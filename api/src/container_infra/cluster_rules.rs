//! Rules of clusters, bays, their node groups, certificates and credentials, with upstream's names and
//! defaults. Of bays upstream forgot the names; they have those of clusters.

use crate::rules;

rules! {
    /// List clusters.
    ClusterGetAll = "cluster:get_all", "rule:admin_or_project_reader", ["GET /v1/clusters"];
    /// List clusters with all fields.
    ClusterDetail = "cluster:detail", "rule:admin_or_project_reader", ["GET /v1/clusters/detail"];
    /// Show a cluster.
    ClusterGet = "cluster:get", "rule:admin_or_project_reader", ["GET /v1/clusters/{ident}"];
    /// Make a cluster.
    ClusterCreate = "cluster:create", "rule:admin_or_project_member", ["POST /v1/clusters"];
    /// Change a cluster.
    ClusterUpdate = "cluster:update", "rule:admin_or_project_member", ["PATCH /v1/clusters/{ident}"];
    /// Say how healthy a cluster is; asked with every change.
    ClusterUpdateHealth = "cluster:update_health_status", "rule:admin_or_project_member", ["PATCH /v1/clusters/{ident}", "PATCH /v1/bays/{ident}"];
    /// Delete a cluster.
    ClusterDelete = "cluster:delete", "rule:admin_or_project_member", ["DELETE /v1/clusters/{ident}"];
    /// Give a group of nodes another size.
    ClusterResize = "cluster:resize", "rule:admin_or_project_member", ["POST /v1/clusters/{ident}/actions/resize"];
    /// Replace nodes by those of another template.
    ClusterUpgrade = "cluster:upgrade", "rule:admin_or_project_member", ["POST /v1/clusters/{ident}/actions/upgrade"];
    /// List bays.
    BayGetAll = "bay:get_all", "rule:admin_or_project_reader", ["GET /v1/bays"];
    /// List bays with all fields.
    BayDetail = "bay:detail", "rule:admin_or_project_reader", ["GET /v1/bays/detail"];
    /// Show a bay.
    BayGet = "bay:get", "rule:admin_or_project_reader", ["GET /v1/bays/{ident}"];
    /// Make a bay.
    BayCreate = "bay:create", "rule:admin_or_project_member", ["POST /v1/bays"];
    /// Change a bay.
    BayUpdate = "bay:update", "rule:admin_or_project_member", ["PATCH /v1/bays/{ident}"];
    /// Delete a bay.
    BayDelete = "bay:delete", "rule:admin_or_project_member", ["DELETE /v1/bays/{ident}"];
    /// List a cluster's node groups.
    GroupGetAll = "nodegroup:get_all", "rule:admin_or_project_reader", ["GET /v1/clusters/{cluster}/nodegroups"];
    /// Show a node group.
    GroupGet = "nodegroup:get", "rule:admin_or_project_reader", ["GET /v1/clusters/{cluster}/nodegroups/{ident}"];
    /// Add a node group to a cluster.
    GroupCreate = "nodegroup:create", "rule:admin_or_project_member", ["POST /v1/clusters/{cluster}/nodegroups"];
    /// Change a node group.
    GroupUpdate = "nodegroup:update", "rule:admin_or_project_member", ["PATCH /v1/clusters/{cluster}/nodegroups/{ident}"];
    /// Delete a node group with its nodes.
    GroupDelete = "nodegroup:delete", "rule:admin_or_project_member", ["DELETE /v1/clusters/{cluster}/nodegroups/{ident}"];
    /// Read the certificate of a cluster's authority.
    CertificateGet = "certificate:get", "rule:context_is_admin or (rule:project_reader and rule:is_user)", ["GET /v1/certificates/{cluster}"];
    /// Have a certificate signed by a cluster's authority.
    CertificateCreate = "certificate:create", "rule:context_is_admin or (rule:project_member and rule:is_user)", ["POST /v1/certificates"];
    /// Give a cluster another authority.
    CertificateRotate = "certificate:rotate_ca", "rule:admin_or_project_member", ["PATCH /v1/certificates/{cluster}"];
    /// Give a cluster other credentials.
    CredentialRotate = "credential:rotate", "rule:project_member", ["PATCH /v1/credentials/{cluster}"];
}
