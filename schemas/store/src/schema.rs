//! Diesel's view of the tables; `migrations/` is the truth.
#![expect(missing_docs, reason = "the columns are described at their rows")]

diesel::table! {
    work (kind, id) {
        kind -> Text,
        id -> Text,
        due_at -> BigInt,
        seq -> BigInt,
        owner -> Text,
        lease_until -> BigInt,
        attempts -> Integer,
        reason -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        at -> BigInt,
        kind -> Text,
        object_id -> Text,
        project_id -> Text,
        user_id -> Text,
        request_id -> Text,
        action -> Text,
        phase -> Text,
        result -> Text,
        message -> Text,
    }
}

diesel::table! {
    hosts (id) {
        id -> Text,
        hostname -> Text,
        zone -> Text,
        epoch -> Text,
        seen_at -> BigInt,
        state -> Text,
        disabled_reason -> Nullable<Text>,
        forced_down -> Integer,
        cpus -> Integer,
        memory_mb -> BigInt,
        disk_gb -> BigInt,
        used_vcpus -> Integer,
        used_memory_mb -> BigInt,
        used_disk_gb -> BigInt,
        servers -> Integer,
        inventory -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        cluster_id -> Nullable<Text>,
        lent_to -> Nullable<Text>,
    }
}

diesel::table! {
    servers (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        name -> Text,
        vm_state -> Text,
        task_state -> Nullable<Text>,
        host_id -> Nullable<Text>,
        hostname -> Text,
        image_id -> Nullable<Text>,
        flavor_id -> Text,
        group_id -> Nullable<Text>,
        zone -> Text,
        locked -> Integer,
        deleting -> Integer,
        generation -> BigInt,
        seen_generation -> BigInt,
        seen_epoch -> Text,
        seen_seq -> BigInt,
        revision -> BigInt,
        request_id -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        launched_at -> Nullable<BigInt>,
        deadline -> Nullable<BigInt>,
        spec -> Text,
        seen -> Text,
        fault -> Nullable<Text>,
        node_of -> Nullable<Text>,
        guest_of -> Nullable<Text>,
        guest_kind -> Nullable<Text>,
        guest_owner -> Nullable<Text>,
    }
}

diesel::table! {
    usages (project_id, resource) {
        project_id -> Text,
        resource -> Text,
        in_use -> BigInt,
    }
}

diesel::table! {
    quotas (project_id, resource) {
        project_id -> Text,
        resource -> Text,
        hard_limit -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(hosts, servers);

diesel::table! {
    server_groups (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        name -> Text,
        policy -> Text,
        max_server_per_host -> Nullable<Integer>,
        created_at -> BigInt,
    }
}

diesel::table! {
    project_networks (project_id) {
        project_id -> Text,
        id -> Text,
        number -> BigInt,
    }
}
