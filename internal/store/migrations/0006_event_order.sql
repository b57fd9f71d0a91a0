-- +goose NO TRANSACTION
-- +goose Up

-- How the order of persistence of the system log relates to that of time.
-- newest is the greatest UUID that has a position. late is what newest was when
-- a much older line got its position behind it: lines up to late may have
-- positions before those of older ones. Empty: that has not happened.
CREATE TABLE IF NOT EXISTS event_order (
    org_id NAME NOT NULL,
    newest NAME NOT NULL,
    late   NAME NOT NULL,
    CONSTRAINT event_order__org_id PRIMARY KEY (org_id)
);
