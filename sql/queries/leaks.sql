-- How close the val and test places are to the nearest train place: what a random split gives away.
SELECT scheme, part, locations, p50_km, within_50m_percent, within_1km_percent, within_5km_percent
FROM split_report WHERE part IN ('val', 'test');
