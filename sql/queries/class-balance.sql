-- The ten fullest and the ten emptiest classes of each grid.
SELECT * FROM (SELECT * FROM class_balance WHERE state = 'kept' ORDER BY n_train DESC LIMIT 10)
UNION ALL
SELECT * FROM (SELECT * FROM class_balance WHERE state = 'kept' ORDER BY n_train LIMIT 10);
