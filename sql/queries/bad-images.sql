-- Pictures that are missing or do not decode, with the reason.
SELECT l.uuid, i.view, i.path, h.state, h.detail
FROM image_hash h
JOIN image i ON i.id = h.image_id
JOIN location l ON l.id = i.location_id
WHERE h.state <> 'ok' ORDER BY l.uuid, i.view;
