//! The image service's rules, with upstream's names. Those of the routes between services are ours.

use crate::rules;

rules! {
    /// Make an image.
    AddImage = "add_image",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["POST /v2/images"];
    /// Show an image.
    GetImage = "get_image",
        "rule:context_is_admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s))",
        ["GET /v2/images/{image_id}"];
    /// List images.
    GetImages = "get_images",
        "rule:context_is_admin or (role:reader and project_id:%(project_id)s)",
        ["GET /v2/images"];
    /// Change an image.
    ModifyImage = "modify_image",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["PATCH /v2/images/{image_id}", "PUT /v2/images/{image_id}/tags/{tag}", "DELETE /v2/images/{image_id}/tags/{tag}"];
    /// Give an image to another project.
    ChangeOwner = "change_image_owner",
        "rule:context_is_admin",
        ["POST /v2/images", "PATCH /v2/images/{image_id}"];
    /// Delete an image.
    DeleteImage = "delete_image",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["DELETE /v2/images/{image_id}"];
    /// Make an image public.
    PublicizeImage = "publicize_image",
        "rule:context_is_admin",
        ["POST /v2/images", "PATCH /v2/images/{image_id}"];
    /// Make an image a community image.
    CommunitizeImage = "communitize_image",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["POST /v2/images", "PATCH /v2/images/{image_id}"];
    /// Fetch an image's data.
    DownloadImage = "download_image",
        "rule:context_is_admin or (role:member and (project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s))",
        ["GET /v2/images/{image_id}/file"];
    /// Fetch the data of a deactivated image.
    DownloadDeactivated = "download_deactivated_image",
        "rule:context_is_admin",
        ["GET /v2/images/{image_id}/file"];
    /// Send an image's data.
    UploadImage = "upload_image",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["PUT /v2/images/{image_id}/file", "PUT /v2/images/{image_id}/stage"];
    /// Import an image's data.
    ImportImage = "import_image",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["POST /v2/images/{image_id}/import"];
    /// Keep an image's data from being fetched.
    Deactivate = "deactivate",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["POST /v2/images/{image_id}/actions/deactivate"];
    /// Let an image's data be fetched again.
    Reactivate = "reactivate",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["POST /v2/images/{image_id}/actions/reactivate"];
    /// Share an image.
    AddMember = "add_member",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["POST /v2/images/{image_id}/members"];
    /// Share an image no more.
    DeleteMember = "delete_member",
        "rule:context_is_admin or (role:member and project_id:%(project_id)s)",
        ["DELETE /v2/images/{image_id}/members/{member_id}"];
    /// Show one with whom an image is shared.
    GetMember = "get_member",
        "rule:context_is_admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))",
        ["GET /v2/images/{image_id}/members/{member_id}"];
    /// List those with whom an image is shared.
    GetMembers = "get_members",
        "rule:context_is_admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))",
        ["GET /v2/images/{image_id}/members"];
    /// Answer to being shared with.
    ModifyMember = "modify_member",
        "rule:context_is_admin or (role:member and project_id:%(member_id)s)",
        ["PUT /v2/images/{image_id}/members/{member_id}"];
    /// See imports of an image.
    GetImageTasks = "get_image_tasks",
        "rule:context_is_admin or (role:reader and project_id:%(project_id)s)",
        ["GET /v2/images/{image_id}/tasks"];
    /// See all imports.
    GetTasks = "tasks_api_access",
        "rule:context_is_admin",
        ["GET /v2/tasks", "GET /v2/tasks/{task_id}", "POST /v2/tasks"];
    /// See what can be imported from where, and the schemas.
    Discover = "image_discovery",
        "role:reader",
        ["GET /v2/info/import", "GET /v2/info/stores", "GET /v2/schemas/{name}"];
    /// See the catalogue of properties.
    GetMetadefs = "get_metadef_namespaces",
        "role:reader",
        ["GET /v2/metadefs/namespaces", "GET /v2/metadefs/namespaces/{namespace}"];
    /// Change the catalogue of properties.
    ModifyMetadefs = "modify_metadef_namespace",
        "rule:context_is_admin",
        ["POST /v2/metadefs/namespaces", "PUT /v2/metadefs/namespaces/{namespace}", "DELETE /v2/metadefs/namespaces/{namespace}"];
    /// Fetch images' parts: what hosts need to run them.
    GetBlobs = "jeroboam_image:get_blob",
        "rule:service_or_admin",
        ["GET /v2/images/{image_id}/blobs/{digest}", "GET /v2/images/{image_id}/manifest"];
    /// Bring the parts of a snapshot.
    PutBlobs = "jeroboam_image:put_blob",
        "rule:service_or_admin",
        ["PUT /v2/images/{image_id}/blobs/{digest}", "PUT /v2/images/{image_id}/manifest"];
}
