DROP TABLE bay_overlay_hosts;
DROP TABLE bay_overlays;
