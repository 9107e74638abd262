SELECT temperature FROM 'farmA/sensor/+/data' WHERE
