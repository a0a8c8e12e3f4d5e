-- Shares that run out are looked for by the watch of customers.
CREATE INDEX customer_share_expire ON customer_share (expire_time) WHERE expire_time IS NOT NULL;
