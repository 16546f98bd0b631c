//! Diesel's view of the image tables.
#![expect(missing_docs, reason = "the columns are described at their rows")]

diesel::table! {
    images (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        name -> Text,
        status -> Text,
        visibility -> Text,
        container_format -> Text,
        disk_format -> Text,
        min_disk -> BigInt,
        min_ram -> BigInt,
        protected -> Integer,
        hidden -> Integer,
        size -> BigInt,
        virtual_size -> BigInt,
        checksum -> Text,
        hash -> Text,
        properties -> Text,
        tags -> Text,
        manifest -> Text,
        recipe -> Text,
        staged -> Text,
        upload -> Text,
        upload_until -> BigInt,
        snapshot -> Text,
        reason -> Text,
        request_id -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    image_members (image_id, member_id) {
        image_id -> Text,
        member_id -> Text,
        status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    image_blobs (image_id, digest) {
        image_id -> Text,
        digest -> Text,
    }
}

diesel::table! {
    image_tasks (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        image_id -> Text,
        kind -> Text,
        status -> Text,
        input -> Text,
        message -> Text,
        request_id -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(images, image_members);
