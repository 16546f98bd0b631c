DROP TABLE adopted_clusters;
