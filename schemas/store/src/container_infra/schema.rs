//! Diesel's view of the tables of clusters and what belongs to them.
#![expect(missing_docs, reason = "the columns are described at their rows")]

diesel::table! {
    cluster_templates (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        name -> Nullable<Text>,
        public -> Integer,
        hidden -> Integer,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        spec -> Text,
    }
}

diesel::table! {
    cluster_quotas (project_id, resource) {
        project_id -> Text,
        resource -> Text,
        number -> BigInt,
        hard_limit -> BigInt,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    bay_nodes (id) {
        id -> Text,
        project_id -> Text,
        kind -> Nullable<Text>,
        image_id -> Nullable<Text>,
        ironic_node_id -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    x509keypairs (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        name -> Nullable<Text>,
        cluster_id -> Text,
        ca_cert -> Nullable<Text>,
        certificate -> Nullable<Text>,
        sealed_key -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    federations (id) {
        id -> Text,
        project_id -> Text,
        name -> Text,
        host_cluster_id -> Text,
        members -> Text,
        properties -> Text,
        status -> Text,
        status_reason -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    workers (id) {
        id -> Text,
        number -> BigInt,
        host -> Text,
        binary_name -> Text,
        reports -> BigInt,
        seen_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    clusters (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        name -> Text,
        template_id -> Text,
        coe -> Text,
        status -> Text,
        status_reason -> Nullable<Text>,
        health_status -> Nullable<Text>,
        health_reason -> Text,
        api_address -> Nullable<Text>,
        generation -> BigInt,
        revision -> BigInt,
        deadline -> Nullable<BigInt>,
        deleting -> Integer,
        request_id -> Text,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        spec -> Text,
    }
}

diesel::table! {
    nodegroups (id) {
        id -> Text,
        number -> BigInt,
        cluster_id -> Text,
        project_id -> Text,
        name -> Text,
        role -> Text,
        is_default -> Integer,
        node_count -> BigInt,
        min_node_count -> BigInt,
        max_node_count -> Nullable<BigInt>,
        status -> Text,
        status_reason -> Nullable<Text>,
        generation -> BigInt,
        batch -> BigInt,
        made -> BigInt,
        deleting -> Integer,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        spec -> Text,
    }
}

diesel::table! {
    cluster_nodes (id) {
        id -> Text,
        cluster_id -> Text,
        nodegroup_id -> Text,
        ordinal -> Integer,
        name -> Text,
        server_id -> Text,
        attempt -> BigInt,
        phase -> Text,
        generation -> BigInt,
        tries -> Integer,
        problem -> Nullable<Text>,
        ready -> Integer,
        unwell_since -> Nullable<BigInt>,
        address -> Nullable<Text>,
        authority -> BigInt,
        certificate -> Nullable<Text>,
        sealed_key -> Nullable<Text>,
        certified_until -> Nullable<BigInt>,
        certified_for -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        sealed_control -> Nullable<Text>,
        trusts_from -> BigInt,
    }
}

diesel::table! {
    authorities (cluster_id, kind, generation) {
        cluster_id -> Text,
        kind -> Text,
        generation -> BigInt,
        certificate -> Text,
        sealed_key -> Text,
        valid_until -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    replication_controllers (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        cluster_id -> Text,
        name -> Text,
        replicas -> BigInt,
        made -> BigInt,
        deleting -> Integer,
        revision -> BigInt,
        request_id -> Text,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        spec -> Text,
    }
}

diesel::table! {
    bay_services (id) {
        id -> Text,
        project_id -> Text,
        user_id -> Text,
        cluster_id -> Text,
        name -> Text,
        address -> Nullable<Text>,
        revision -> BigInt,
        request_id -> Text,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        spec -> Text,
    }
}

diesel::table! {
    service_ports (number) {
        number -> Integer,
        service_id -> Text,
    }
}

diesel::table! {
    bay_endpoints (cluster_id) {
        cluster_id -> Text,
        generation -> BigInt,
        table_json -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    endpoint_hosts (cluster_id, host_id) {
        cluster_id -> Text,
        host_id -> Text,
        told -> BigInt,
        told_at -> BigInt,
        applied -> BigInt,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    swarms (cluster_id) {
        cluster_id -> Text,
        manager_id -> Nullable<Text>,
        begun -> BigInt,
        managers -> BigInt,
        sealed_tokens -> Nullable<Text>,
        revision -> BigInt,
    }
}

diesel::table! {
    swarm_parts (server_id) {
        server_id -> Text,
        cluster_id -> Text,
        generation -> BigInt,
        told -> Text,
        told_at -> BigInt,
        seen_generation -> BigInt,
        seen_epoch -> Text,
        seen_seq -> BigInt,
        seen -> Text,
        problem -> Nullable<Text>,
        leaving_since -> Nullable<BigInt>,
        revision -> BigInt,
    }
}

diesel::table! {
    bay_overlays (cluster_id) {
        cluster_id -> Text,
        vni -> BigInt,
        mtu -> BigInt,
        generation -> BigInt,
        members -> Text,
    }
}

diesel::table! {
    bay_overlay_hosts (cluster_id, host_id) {
        cluster_id -> Text,
        host_id -> Text,
        gateway -> Text,
        told -> BigInt,
        told_at -> BigInt,
        applied -> BigInt,
        joined -> BigInt,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    adopted_clusters (cluster_id) {
        cluster_id -> Text,
        server -> Text,
        ca_pem -> Nullable<Text>,
        sealed_kubeconfig -> Text,
        asked -> BigInt,
        asked_at -> Nullable<BigInt>,
        answered -> BigInt,
        answered_at -> Nullable<BigInt>,
        sight -> Nullable<Text>,
        revision -> BigInt,
        own -> Integer,
        valid_until -> Nullable<BigInt>,
        seen -> Nullable<Text>,
    }
}

diesel::table! {
    accounts_keys (cluster_id) {
        cluster_id -> Text,
        sealed_key -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(clusters, adopted_clusters);
