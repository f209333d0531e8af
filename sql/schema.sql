-- The catalog: one OGC GeoPackage 1.3 file (SQLite, WAL). The only DDL besides views.sql and
-- migrations/. Units are in the column names. Tables with a geometry are GeoPackage feature tables
-- and cannot be STRICT; all others are.
--
-- user_version is 10300 + the schema's version: GeoPackage readers see 1.3, we see ours.

-- GeoPackage core (OGC 12-128r18, annex C) ------------------------------------------------------

CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL,
    srs_id INTEGER PRIMARY KEY NOT NULL,
    organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL,
    definition TEXT NOT NULL,
    description TEXT
);

INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
    ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
    ('WGS 84 geodetic', 4326, 'EPSG', 4326,
     'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]',
     'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');

CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY,
    data_type TEXT NOT NULL,
    identifier TEXT UNIQUE,
    description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE,
    min_y DOUBLE,
    max_x DOUBLE,
    max_y DOUBLE,
    srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);

CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL,
    srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL,
    m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
    CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);

CREATE TABLE gpkg_extensions (
    table_name TEXT,
    column_name TEXT,
    extension_name TEXT NOT NULL,
    definition TEXT NOT NULL,
    scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
);

-- What stages did -------------------------------------------------------------------------------

-- One row per stage and what it was run for ("split:default"): a stage whose inputs digest is
-- unchanged has nothing to do.
CREATE TABLE stage (
    name TEXT PRIMARY KEY,
    tool TEXT NOT NULL,
    version TEXT NOT NULL,
    arguments TEXT NOT NULL,
    inputs_sha256 TEXT NOT NULL,
    n_rows INTEGER NOT NULL,
    finished TEXT NOT NULL -- UTC, ISO 8601
) STRICT;

-- Places and pictures ---------------------------------------------------------------------------

CREATE TABLE location (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    geom POINT,                 -- NULL: to be predicted
    uuid TEXT NOT NULL UNIQUE,
    lat_deg REAL CHECK (lat_deg BETWEEN -90 AND 90),
    lon_deg REAL CHECK (lon_deg BETWEEN -180 AND 180),
    provider TEXT NOT NULL,     -- google, demo, ...; import:<name> for data sets on disk
    pano_id TEXT,
    captured TEXT,              -- YYYY-MM
    copyright TEXT,
    licence TEXT,
    views_sha256 TEXT,          -- of the digests of its pictures; gdje-fetch
    group_key TEXT NOT NULL,    -- what must not be split apart: panorama, sequence
    added TEXT NOT NULL,        -- UTC
    CHECK ((lat_deg IS NULL) = (lon_deg IS NULL))
);
CREATE UNIQUE INDEX location_pano ON location (provider, pano_id) WHERE pano_id IS NOT NULL;
CREATE INDEX location_views ON location (views_sha256) WHERE views_sha256 IS NOT NULL;

CREATE TABLE image (
    id INTEGER PRIMARY KEY,
    location_id INTEGER NOT NULL REFERENCES location (id) ON DELETE CASCADE,
    view INTEGER NOT NULL CHECK (view BETWEEN 0 AND 3), -- slot: 0 north, 1 east, 2 south, 3 west
    heading_deg REAL CHECK (heading_deg >= 0 AND heading_deg < 360),
    path TEXT NOT NULL,         -- relative to the catalog's folder, or absolute
    width INTEGER,
    height INTEGER,
    n_bytes INTEGER,
    state TEXT NOT NULL CHECK (state IN ('ok', 'missing', 'corrupt', 'no_imagery')),
    detail TEXT,                -- why it is not ok
    UNIQUE (location_id, view)
) STRICT;

-- gdje-hash: one row per image read.
CREATE TABLE image_hash (
    image_id INTEGER PRIMARY KEY REFERENCES image (id) ON DELETE CASCADE,
    sha256 TEXT,
    dhash INTEGER,              -- 64 bits, see prep/hash.h
    width INTEGER,
    height INTEGER,
    n_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,  -- with n_bytes: whether the file must be read again
    state TEXT NOT NULL CHECK (state IN ('ok', 'missing', 'corrupt')),
    detail TEXT
) STRICT;

-- gdje-hash: an image that is (nearly) another one with a smaller id.
CREATE TABLE duplicate (
    image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    of_image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('exact', 'near')),
    distance_bits INTEGER NOT NULL,
    PRIMARY KEY (image_id, of_image_id)
) STRICT, WITHOUT ROWID;

-- gdje-hash: locations that share a group_key or a duplicate have one key here; what a split keeps
-- together is COALESCE(grouping.group_key, location.group_key).
CREATE TABLE grouping (
    location_id INTEGER PRIMARY KEY REFERENCES location (id) ON DELETE CASCADE,
    group_key TEXT NOT NULL
) STRICT;

-- Fetching --------------------------------------------------------------------------------------

-- A point to ask a provider about, or a picture that a survey of the provider found.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    lat_deg REAL NOT NULL CHECK (lat_deg BETWEEN -90 AND 90),
    lon_deg REAL NOT NULL CHECK (lon_deg BETWEEN -180 AND 180),
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'probed', 'done', 'no_imagery', 'duplicate', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    provider TEXT,              -- who was asked; NULL: nobody yet. Of an item: whose it is
    item TEXT,                  -- the provider's id of the picture that is wanted; NULL: a point
    pano_id TEXT,
    location_id INTEGER REFERENCES location (id) ON DELETE SET NULL,
    queued TEXT NOT NULL,       -- UTC
    updated TEXT                -- UTC
) STRICT;
CREATE INDEX request_state ON request (state, id);
CREATE UNIQUE INDEX request_item ON request (provider, item) WHERE item IS NOT NULL;
CREATE INDEX request_location ON request (location_id) WHERE location_id IS NOT NULL;

-- gdje-fetch --area: an area whose pictures are (or are being) listed, and the boxes that it is made
-- of. A box that has more than an answer can hold is split in four.
CREATE TABLE survey (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    area TEXT NOT NULL,         -- west,south,east,north; border <sha256>
    begun TEXT NOT NULL,        -- UTC
    UNIQUE (provider, area)
) STRICT;

CREATE TABLE survey_box (
    id INTEGER PRIMARY KEY,
    survey_id INTEGER NOT NULL REFERENCES survey (id) ON DELETE CASCADE,
    west_deg REAL NOT NULL,
    south_deg REAL NOT NULL,
    east_deg REAL NOT NULL,
    north_deg REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'split', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    n_found INTEGER,            -- pictures in its answer
    last_error TEXT,
    updated TEXT                -- UTC
) STRICT;
CREATE INDEX survey_box_state ON survey_box (survey_id, state, id);

-- One row per run of gdje-fetch that asked anything, as of its last commit.
CREATE TABLE fetch_run (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    started TEXT NOT NULL,      -- UTC
    seconds REAL NOT NULL,
    n_locations INTEGER NOT NULL -- that got a state
) STRICT;

CREATE TABLE spend (
    provider TEXT NOT NULL,
    day TEXT NOT NULL,          -- YYYY-MM-DD, UTC
    kind TEXT NOT NULL,         -- metadata, image
    n_requests INTEGER NOT NULL DEFAULT 0,
    cost REAL NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT '', -- of the cost, one for each provider; '': free
    PRIMARY KEY (provider, day, kind)
) STRICT, WITHOUT ROWID;

-- Splits ----------------------------------------------------------------------------------------

CREATE TABLE split_scheme (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL CHECK (method IN ('hash', 'exact', 'block', 'folds', 'file')),
    ratios TEXT NOT NULL,       -- 80/10/10; train=70,test=30; 5 folds
    block_km REAL,
    buffer_km REAL,
    seed INTEGER NOT NULL
) STRICT;

CREATE TABLE split (
    scheme_id INTEGER NOT NULL REFERENCES split_scheme (id) ON DELETE CASCADE,
    location_id INTEGER NOT NULL REFERENCES location (id) ON DELETE CASCADE,
    part TEXT NOT NULL,         -- train, val, test; buffer; fold0 ...
    PRIMARY KEY (scheme_id, location_id)
) STRICT, WITHOUT ROWID;

-- A part as it was made, so that a report need not count a million rows, and the distance from each
-- of its locations to the nearest train location (of folds: to the nearest in another fold); NULL
-- for train and buffer.
CREATE TABLE split_part (
    scheme_id INTEGER NOT NULL REFERENCES split_scheme (id) ON DELETE CASCADE,
    part TEXT NOT NULL,
    n_locations INTEGER NOT NULL,
    p10_km REAL,
    p50_km REAL,
    p90_km REAL,
    share_50m REAL,
    share_1km REAL,
    share_5km REAL,
    PRIMARY KEY (scheme_id, part)
) STRICT, WITHOUT ROWID;

-- Projection, classes ---------------------------------------------------------------------------

CREATE TABLE projection (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    crs TEXT NOT NULL,          -- EPSG:3765
    scheme_id INTEGER NOT NULL REFERENCES split_scheme (id) ON DELETE CASCADE,
    min_x_m REAL NOT NULL,      -- of the train part only
    max_x_m REAL NOT NULL,
    min_y_m REAL NOT NULL,
    max_y_m REAL NOT NULL
) STRICT;

CREATE TABLE projected (
    projection_id INTEGER NOT NULL REFERENCES projection (id) ON DELETE CASCADE,
    location_id INTEGER NOT NULL REFERENCES location (id) ON DELETE CASCADE,
    x_m REAL NOT NULL,
    y_m REAL NOT NULL,
    PRIMARY KEY (projection_id, location_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE grid (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL,       -- square, degrees, hex, quadtree, polygons
    crs TEXT NOT NULL,
    spacing_m REAL,             -- of a quadtree: of its largest cells; NULL: degrees, polygons
    spacing_deg REAL,
    origin_x REAL,              -- a corner of squares, in the unit of their spacing; NULL: others
    origin_y REAL,
    keep TEXT NOT NULL DEFAULT 'intersects', -- the rule that kept the cells
    scheme_id INTEGER NOT NULL REFERENCES split_scheme (id) ON DELETE CASCADE,
    border_sha256 TEXT NOT NULL,
    n_classes INTEGER NOT NULL, -- kept ones
    n_snapped INTEGER NOT NULL DEFAULT 0, -- locations outside of all cells, but near one
    n_unlabelled INTEGER NOT NULL, -- locations in no kept class
    floor_centroid_km REAL,     -- mean error over val and test of a perfect classifier, per point
    floor_clipped_km REAL,
    floor_data_km REAL,
    floor_median_km REAL
) STRICT;

CREATE TABLE class (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    geom MULTIPOLYGON,          -- the cell, EPSG:4326
    grid_id INTEGER NOT NULL REFERENCES grid (id) ON DELETE CASCADE,
    number INTEGER,             -- 0 .. n_classes-1 for kept ones; NULL otherwise
    cell_col INTEGER,
    cell_row INTEGER,
    name TEXT,
    -- empty: too few train locations; merged: its locations have the class merged_into; outside:
    -- the rule does not keep it, but locations are there
    state TEXT NOT NULL CHECK (state IN ('kept', 'empty', 'merged', 'outside')),
    merged_into INTEGER,        -- a number
    centroid_lon_deg REAL,
    centroid_lat_deg REAL,
    clipped_lon_deg REAL,       -- nearest point on land to the centroid; NULL: outside
    clipped_lat_deg REAL,
    data_lon_deg REAL,          -- mean of the train locations
    data_lat_deg REAL,
    median_lon_deg REAL,        -- geometric median of the train locations
    median_lat_deg REAL,
    n_train INTEGER NOT NULL DEFAULT 0,
    n_val INTEGER NOT NULL DEFAULT 0,
    n_test INTEGER NOT NULL DEFAULT 0,
    UNIQUE (grid_id, number)
);

CREATE TABLE label (
    grid_id INTEGER NOT NULL REFERENCES grid (id) ON DELETE CASCADE,
    location_id INTEGER NOT NULL REFERENCES location (id) ON DELETE CASCADE,
    -- no foreign key: without an index, which costs as much as the rows, deleting a class would read
    -- all labels. They go with their grid.
    class_id INTEGER NOT NULL,
    PRIMARY KEY (grid_id, location_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE stats (
    scheme_id INTEGER NOT NULL REFERENCES split_scheme (id) ON DELETE CASCADE,
    size_px INTEGER NOT NULL,
    channel INTEGER NOT NULL CHECK (channel BETWEEN 0 AND 2), -- R G B
    mean REAL NOT NULL,         -- of value / 255
    std REAL NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    n_images INTEGER NOT NULL,
    content_sha256 TEXT NOT NULL, -- of the image digests they were computed from
    PRIMARY KEY (scheme_id, size_px, channel)
) STRICT, WITHOUT ROWID;

-- Training --------------------------------------------------------------------------------------

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL CHECK (task IN ('classification', 'regression')),
    arch TEXT NOT NULL,
    backend TEXT NOT NULL,
    precision TEXT NOT NULL,
    arguments TEXT NOT NULL,
    config TEXT NOT NULL CHECK (json_valid(config)),
    versions TEXT NOT NULL,
    seed INTEGER NOT NULL,
    scheme_id INTEGER REFERENCES split_scheme (id) ON DELETE SET NULL,
    grid_id INTEGER REFERENCES grid (id) ON DELETE SET NULL,
    projection_id INTEGER REFERENCES projection (id) ON DELETE SET NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'interrupted', 'finished')),
    best_epoch INTEGER,
    best_val_km REAL,
    test_km REAL,               -- scored once, with the best checkpoint
    started TEXT NOT NULL,      -- UTC
    finished TEXT
) STRICT;

CREATE TABLE epoch (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,     -- 1, 2, ...
    lr_backbone REAL NOT NULL,  -- 0 while frozen
    lr_head REAL NOT NULL,
    train_loss REAL NOT NULL,
    train_accuracy REAL,        -- classification only
    val_loss REAL NOT NULL,
    val_accuracy REAL,
    val_f1 REAL,
    val_km REAL NOT NULL,
    seconds REAL NOT NULL,
    images_per_s REAL NOT NULL,
    PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('best', 'last')),
    epoch INTEGER NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    val_km REAL,
    PRIMARY KEY (run_id, kind)
) STRICT, WITHOUT ROWID;

-- Predictions -----------------------------------------------------------------------------------

CREATE TABLE prediction (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    geom POINT,
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    location_id INTEGER NOT NULL REFERENCES location (id) ON DELETE CASCADE,
    part TEXT,                  -- of the run's split; NULL: not in it
    decode TEXT NOT NULL,       -- mean, mode, median; regression
    lat_deg REAL NOT NULL,
    lon_deg REAL NOT NULL,
    error_km REAL,              -- NULL: the truth is not known
    entropy REAL,               -- of the class probabilities, nat
    top TEXT,                   -- JSON [[class number, probability], ...]
    UNIQUE (run_id, location_id, decode)
);

-- The decoder of each run, chosen on the val part.
CREATE TABLE decode_choice (
    run_id INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
    decode TEXT NOT NULL,
    val_km REAL
) STRICT;

-- gdje-eval: one number. decode is a decoder or a baseline: constant, nearest_train, floor.
CREATE TABLE score (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    part TEXT NOT NULL,
    decode TEXT NOT NULL,
    metric TEXT NOT NULL,       -- mean_km, median_km, p90_km, share_25km, top1, ...
    value REAL NOT NULL,
    low REAL,                   -- 95 % bootstrap interval
    high REAL,
    PRIMARY KEY (run_id, part, decode, metric)
) STRICT, WITHOUT ROWID;

-- What a stage made is gone, so its record is: it will be made again ------------------------------

CREATE TRIGGER split_scheme_gone AFTER DELETE ON split_scheme BEGIN
    DELETE FROM stage WHERE name = 'split:' || OLD.name OR name GLOB 'stats:' || OLD.name || ':*';
END;
CREATE TRIGGER projection_gone AFTER DELETE ON projection BEGIN
    DELETE FROM stage WHERE name = 'project:' || OLD.name;
END;
CREATE TRIGGER grid_gone AFTER DELETE ON grid BEGIN
    DELETE FROM stage WHERE name = 'grid:' || OLD.name;
END;
CREATE TRIGGER stats_gone AFTER DELETE ON stats BEGIN
    DELETE FROM stage WHERE name = (SELECT 'stats:' || name || ':' || OLD.size_px
                                    FROM split_scheme WHERE id = OLD.scheme_id);
END;
CREATE TRIGGER run_gone AFTER DELETE ON run BEGIN
    DELETE FROM stage WHERE name IN ('predict:' || OLD.name, 'eval:' || OLD.name);
END;

-- What GeoPackage readers list ------------------------------------------------------------------

INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES
    ('location', 'features', 'location', 'places with photos', 4326),
    ('class', 'features', 'class', 'grid cells: the classes', 4326),
    ('prediction', 'features', 'prediction', 'predicted places', 4326),
    ('image', 'attributes', 'image', 'views of the locations', NULL),
    ('run', 'attributes', 'run', 'training runs', NULL),
    ('epoch', 'attributes', 'epoch', 'metrics of each epoch', NULL);

INSERT INTO gpkg_geometry_columns VALUES
    ('location', 'geom', 'POINT', 4326, 0, 0),
    ('class', 'geom', 'MULTIPOLYGON', 4326, 0, 0),
    ('prediction', 'geom', 'POINT', 4326, 0, 0);
