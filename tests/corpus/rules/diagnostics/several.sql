SELECT tmp(a) AS x, b c, encode(d, 'hex') AS e
FROM farmA/sensor/+/data
WHERE humidity == 35 AND upper(name, 2) = 'X'
