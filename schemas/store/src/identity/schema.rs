//! Diesel's view of the identity tables.
#![expect(missing_docs, reason = "the columns are described at their rows")]

diesel::table! {
    domains (id) {
        id -> Text,
        name -> Text,
        description -> Text,
        enabled -> Integer,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    projects (id) {
        id -> Text,
        domain_id -> Text,
        parent_id -> Text,
        name -> Text,
        description -> Text,
        enabled -> Integer,
        tags -> Text,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        domain_id -> Text,
        name -> Text,
        enabled -> Integer,
        default_project_id -> Nullable<Text>,
        description -> Text,
        extra -> Text,
        options -> Text,
        password_hash -> Nullable<Text>,
        password_expires_at -> Nullable<BigInt>,
        failures -> Integer,
        failed_at -> BigInt,
        tokens_after -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    user_groups (id) {
        id -> Text,
        domain_id -> Text,
        name -> Text,
        description -> Text,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    group_members (group_id, user_id) {
        group_id -> Text,
        user_id -> Text,
    }
}

diesel::table! {
    roles (id) {
        id -> Text,
        domain_id -> Text,
        name -> Text,
        description -> Text,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    implied_roles (prior_id, implied_id) {
        prior_id -> Text,
        implied_id -> Text,
    }
}

diesel::table! {
    assignments (actor_id, target_id, role_id, inherited, actor, target) {
        actor -> Text,
        actor_id -> Text,
        target -> Text,
        target_id -> Text,
        role_id -> Text,
        inherited -> Integer,
    }
}

diesel::table! {
    application_credentials (id) {
        id -> Text,
        user_id -> Text,
        project_id -> Text,
        name -> Text,
        description -> Text,
        secret_hash -> Text,
        expires_at -> Nullable<BigInt>,
        unrestricted -> Integer,
        roles -> Text,
        access_rules -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    access_rules (id) {
        id -> Text,
        user_id -> Text,
        service -> Text,
        method -> Text,
        path -> Text,
    }
}

diesel::table! {
    regions (id) {
        id -> Text,
        description -> Text,
        parent_region_id -> Nullable<Text>,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    services (id) {
        id -> Text,
        #[sql_name = "type"]
        kind -> Text,
        name -> Text,
        description -> Text,
        enabled -> Integer,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    endpoints (id) {
        id -> Text,
        service_id -> Text,
        region_id -> Nullable<Text>,
        interface -> Text,
        url -> Text,
        enabled -> Integer,
        extra -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    credentials (id) {
        id -> Text,
        user_id -> Text,
        project_id -> Nullable<Text>,
        #[sql_name = "type"]
        kind -> Text,
        blob -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    revocations (audit_id) {
        audit_id -> Text,
        expires_at -> BigInt,
        user_id -> Text,
    }
}

diesel::table! {
    auth_epoch (id) {
        id -> Integer,
        epoch -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    domains,
    projects,
    users,
    user_groups,
    group_members,
    roles,
    implied_roles,
    assignments,
    application_credentials,
    access_rules,
    regions,
    services,
    endpoints,
    credentials,
    revocations,
    auth_epoch,
);
