SET @low = 35, @low = 36 SELECT * FROM 'a/b' WHERE humidity < @lwo
