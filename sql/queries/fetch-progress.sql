-- How far the fetch is, by state, and why requests failed.
SELECT * FROM fetch_progress;
SELECT last_error, count(*) AS requests FROM request WHERE state = 'failed'
GROUP BY last_error ORDER BY requests DESC LIMIT 20;
