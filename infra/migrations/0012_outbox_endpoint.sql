-- Ids of webhooks are chosen by whoever subscribes one: of two organisations that choose the same, the second has nothing sent.
-- squawk-ignore require-concurrent-index-creation
create unique index endpoint_once on outbox.endpoint (webhook_id);
