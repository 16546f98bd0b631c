DROP TABLE image_tasks;
DROP TABLE image_blobs;
DROP TABLE image_members;
DROP TABLE images;
