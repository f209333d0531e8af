-- The common questions. Views are dropped and made anew when the schema version changes.

CREATE VIEW leaderboard AS
SELECT r.name AS run, r.task, r.arch, d.decode,
       round(m.value, 2) AS test_mean_km, round(m.low, 2) AS low_km, round(m.high, 2) AS high_km,
       round(md.value, 2) AS test_median_km,
       round(c.value, 2) AS constant_guess_km,
       round(r.best_val_km, 2) AS best_val_km, r.best_epoch, r.state, r.finished
FROM run r
LEFT JOIN decode_choice d ON d.run_id = r.id
LEFT JOIN score m ON m.run_id = r.id AND m.part = 'test' AND m.decode = d.decode AND m.metric = 'mean_km'
LEFT JOIN score md ON md.run_id = r.id AND md.part = 'test' AND md.decode = d.decode AND md.metric = 'median_km'
LEFT JOIN score c ON c.run_id = r.id AND c.part = 'test' AND c.decode = 'constant' AND c.metric = 'mean_km'
ORDER BY m.value IS NULL, m.value, r.id;

CREATE VIEW fetch_progress AS
SELECT state, count(*) AS requests,
       round(100.0 * count(*) / (SELECT count(*) FROM request), 1) AS percent,
       max(updated) AS last
FROM request GROUP BY state ORDER BY requests DESC, state;

CREATE VIEW class_balance AS
SELECT g.name AS grid, c.number AS class, c.state, c.n_train, c.n_val, c.n_test,
       round(c.data_lat_deg, 5) AS data_lat_deg, round(c.data_lon_deg, 5) AS data_lon_deg
FROM class c JOIN grid g ON g.id = c.grid_id
ORDER BY g.name, c.n_train DESC, c.id;

CREATE VIEW split_report AS
SELECT s.name AS scheme, p.part, p.n_locations AS locations,
       round(100.0 * p.n_locations / sum(p.n_locations) OVER (PARTITION BY s.id), 2) AS percent,
       round(p.p10_km, 3) AS p10_km, round(p.p50_km, 3) AS p50_km, round(p.p90_km, 3) AS p90_km,
       round(100 * p.share_50m, 1) AS within_50m_percent,
       round(100 * p.share_1km, 1) AS within_1km_percent,
       round(100 * p.share_5km, 1) AS within_5km_percent
FROM split_scheme s JOIN split_part p ON p.scheme_id = s.id
ORDER BY s.name, p.part;

CREATE VIEW run_curve AS
SELECT r.name AS run, e.epoch, round(e.lr_backbone, 9) AS lr_backbone,
       round(e.lr_head, 9) AS lr_head, round(e.train_loss, 4) AS train_loss,
       round(e.val_loss, 4) AS val_loss, round(e.val_accuracy, 4) AS val_accuracy,
       round(e.val_km, 2) AS val_km, round(e.seconds, 1) AS seconds
FROM epoch e JOIN run r ON r.id = e.run_id
ORDER BY r.id, e.epoch;

CREATE VIEW worst_predictions AS
SELECT r.name AS run, p.part, l.uuid, round(p.error_km, 2) AS error_km, p.decode,
       round(l.lat_deg, 7) AS lat_deg, round(l.lon_deg, 7) AS lon_deg,
       round(p.lat_deg, 7) AS predicted_lat_deg, round(p.lon_deg, 7) AS predicted_lon_deg,
       round(p.entropy, 3) AS entropy
FROM prediction p
JOIN run r ON r.id = p.run_id
JOIN location l ON l.id = p.location_id
JOIN decode_choice d ON d.run_id = r.id AND d.decode = p.decode
WHERE p.error_km IS NOT NULL
ORDER BY p.error_km DESC, p.id;
