-- Test error by true class: where the network is lost.
SELECT c.number AS class, round(c.data_lat_deg, 3) AS lat_deg, round(c.data_lon_deg, 3) AS lon_deg,
       c.n_train, count(*) AS n_test, round(avg(p.error_km), 1) AS mean_km
FROM prediction p
JOIN decode_choice d ON d.run_id = p.run_id AND d.decode = p.decode
JOIN run r ON r.id = p.run_id
JOIN label l ON l.location_id = p.location_id AND l.grid_id = r.grid_id
JOIN class c ON c.id = l.class_id
WHERE p.part = 'test'
GROUP BY c.id ORDER BY mean_km DESC;
