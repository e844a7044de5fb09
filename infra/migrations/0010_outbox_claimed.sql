-- A delivery that somebody holds, with all that it takes to send it.
create type outbox.claimed as (
    organisation_id uuid, webhook_id uuid, sequence bigint, lease uuid, attempt int, epoch int, message_id uuid, veiled boolean,
    withheld boolean, "position" bigint, kind text, about_id uuid, occurred_at timestamptz, data text, receiver text, mode text,
    person_id uuid, api_key_id uuid, secret_id uuid, former_secret_id uuid);

-- Those that are on their way are few, and found by the index of each webhook's: what a lease costs to keep in order, nobody looked up.
-- squawk-ignore require-concurrent-index-deletion
drop index outbox.delivery_leased;
