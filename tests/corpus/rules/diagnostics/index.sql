SELECT readings[0].v AS first FROM 'a/b'
