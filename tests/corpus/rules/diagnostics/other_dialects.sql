SELECT a, count(*) AS n
FROM 'a/+'
WHERE a IN (1, 2)
