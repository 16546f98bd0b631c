//! Diesel's view of what the compute API keeps beside servers and hosts.
#![expect(missing_docs, reason = "the columns are described at their rows")]

diesel::table! {
    flavors (id) {
        id -> Text,
        name -> Text,
        vcpus -> Integer,
        ram_mb -> BigInt,
        disk_gb -> BigInt,
        ephemeral_gb -> BigInt,
        swap_mb -> BigInt,
        rxtx_factor -> Double,
        is_public -> Integer,
        disabled -> Integer,
        description -> Nullable<Text>,
        extra_specs -> Text,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    flavor_access (flavor_id, project_id) {
        flavor_id -> Text,
        project_id -> Text,
    }
}

diesel::table! {
    keypairs (user_id, name) {
        user_id -> Text,
        name -> Text,
        number -> BigInt,
        kind -> Text,
        fingerprint -> Text,
        public_key -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    server_lives (server_id) {
        server_id -> Text,
        project_id -> Text,
        name -> Text,
        flavor -> Text,
        vcpus -> BigInt,
        ram_mb -> BigInt,
        disk_gb -> BigInt,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    consoles (token_hash) {
        token_hash -> Text,
        server_id -> Text,
        kind -> Text,
        expires_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(flavors, flavor_access);
