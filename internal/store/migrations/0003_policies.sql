-- +goose NO TRANSACTION
-- +goose Up

-- Network zones. The document holds the addresses.
CREATE TABLE IF NOT EXISTS network_zones (
    org_id       NAME NOT NULL,
    id           NAME NOT NULL,
    type         NAME NOT NULL,
    name         TEXT NOT NULL,
    status       NAME NOT NULL,
    purpose      NAME NOT NULL,
    system       BIGINT NOT NULL,
    document     TEXT NOT NULL,
    created      BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CONSTRAINT network_zones__id PRIMARY KEY (org_id, id)
) CLUSTERED;
CREATE UNIQUE INDEX IF NOT EXISTS network_zones__name ON network_zones (org_id, name);

-- Who made a trusted origin and who changed it last. Origins of a seed have none.
CREATE TABLE IF NOT EXISTS origin_authors (
    org_id     NAME NOT NULL,
    origin_id  NAME NOT NULL,
    created_by NAME NOT NULL,
    updated_by NAME NOT NULL,
    CONSTRAINT origin_authors__origin_id PRIMARY KEY (org_id, origin_id),
    FOREIGN KEY (org_id, origin_id) REFERENCES trusted_origins (org_id, id) ON DELETE CASCADE
) CLUSTERED;

-- The methods that an organisation has switched on or off. A method without a
-- row is on.
CREATE TABLE IF NOT EXISTS authenticators (
    org_id       NAME NOT NULL,
    kind         NAME NOT NULL,
    status       NAME NOT NULL,
    last_updated BIGINT NOT NULL,
    CONSTRAINT authenticators__kind PRIMARY KEY (org_id, kind)
) CLUSTERED;
