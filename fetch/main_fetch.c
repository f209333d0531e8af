/* SPDX-License-Identifier: MIT */
#include "core/tool.h"
#include "fetch/fetch.h"
#include "fetch/provider.h"
#include "fetch/transfer.h"

static struct fetch_prefs prefs = FETCH_PREFS_DEFAULT;

static const struct opt options[] = {
    {OPT_GROUP, .help = "Provider"},
    {OPT_CHOICE, "provider", 0, "NAME", &prefs.provider, .choices = provider_names,
     .help = "who is asked"},
    {OPT_STR, "base-url", 0, "URL", &prefs.base_url,
     .help = "scheme, host and port to ask instead of the provider's own; demo needs it. For dir: "
             "the folder"},
    {OPT_STR, "key-file", 0, "FILE", &prefs.key_file,
     .help = "file with the key, readable by its owner only (else $STREETVIEW_KEY, for mapillary "
             "$MAPILLARY_TOKEN)"},
    {OPT_STR, "secret-file", 0, "FILE", &prefs.secret_file,
     .help = "file with the URL signing secret (else $STREETVIEW_SECRET, else no signatures)"},
    {OPT_STR, "area", 0, "W,S,E,N|FILE", &prefs.area,
     .help =
         "first queue every picture that mapillary, panoramax or dir has there: a box of degrees "
         "or inside a border"},
    {OPT_GROUP, .help = "Pictures"},
    {OPT_STR, "images", 0, "DIR", &prefs.images,
     .help = "where the files go (default: images/ beside the catalog)"},
    {OPT_COUNT, "size", 0, "PX", &prefs.size_px, 16, 640,
     .help = "width and height of views; single pictures of mapillary and panoramax stay as they "
             "are"},
    {OPT_F64, "fov", 0, "DEG", &prefs.fov_deg, 10, 120, .help = "horizontal field of view"},
    {OPT_F64, "pitch", 0, "DEG", &prefs.pitch_deg, -90, 90, .help = "up (+) or down (-)"},
    {OPT_COUNT, "radius", 0, "M", &prefs.radius_m, 1, 50000,
     .help = "how far from a point a panorama may be (mapillary 2 km at most, panoramax 5 km)"},
    {OPT_CHOICE, "source", 0, "NAME", &prefs.source, .choices = fetch_sources,
     .help = "which panoramas: `default` takes indoor ones too"},
    {OPT_CHOICE, "verify", 0, "NAME", &prefs.verify, .choices = fetch_verifications,
     .help = "decode every picture, or read its two ends (fast; damage and grey cards pass)"},
    {OPT_LENGTH, "min-distance", 0, "M", &prefs.min_distance_m, 0, 1e6,
     .help = "a panorama closer than this to a known location is a duplicate"},
    {OPT_GROUP, .help = "Pace"},
    {OPT_COUNT, "limit", 0, "N", &prefs.limit, 0, 9e18,
     .help = "ask for so many locations in this run (0: all)"},
    {OPT_STR, "since", 0, "DATE", &prefs.since,
     .help = "only locations queued (with --retry-failed: failed) on YYYY-MM-DD or later"},
    {OPT_FLAG, "retry-failed", 0, NULL, &prefs.retry_failed, .help = "queue again what failed"},
    {OPT_STR, "only", 0, "WHICH", &prefs.only,
     .help = "with --retry-failed: only reasons with WHICH in them (* and ? as in file names), or "
             "no_imagery for locations of that state"},
    {OPT_F64, "rate", 0, "N", &prefs.rate_per_s, 0, 1e6,
     .help = "requests per second; 0: the provider's own (google 100, mapillary 50, panoramax 10, "
             "demo unlimited)"},
    {OPT_COUNT, "rate-minute", 0, "N", &prefs.rate_minute, 0, 1e9,
     .help = "requests in any 60 seconds; 0: the provider's own (google 30000, mapillary 10000, "
             "others unlimited)"},
    {OPT_COUNT, "connections", 0, "N", &prefs.connections, 0, 256,
     .help = "requests in flight at most; fewer while the provider is slow or complains; 0: the "
             "provider's own (google and demo 32, mapillary 16, panoramax 4)"},
    {OPT_COUNT, "tries", 0, "N", &prefs.tries, 1, 100, .help = "per request, when it can succeed"},
    {OPT_SECONDS, "stall", 0, "TIME", &prefs.stall_s, 1, 3600,
     .help = "give up a transfer that stands still so long"},
    {OPT_SECONDS, "deadline", 0, "TIME", &prefs.deadline_s, 0.1, 86400,
     .help = "give up a transfer that lasts so long"},
    {OPT_SECONDS, "stop-after", 0, "TIME", &prefs.stop_after_s, 0, 1e9,
     .help = "begin no location after so long (0: never)"},
    {OPT_CHOICE, "format", 0, "NAME", &prefs.format, .choices = fetch_formats,
     .help = "on standard output, a line of JSON for each location once it is in the catalog"},
    {OPT_GROUP, .help = "Money"},
    {OPT_STR, "budget", 0, "AMOUNT", &prefs.budget,
     .help = "spend no more on this provider, all runs on the catalog together (currency of the "
             "price table)"},
    {OPT_STR, "max-billed", 0, "N", &prefs.max_billed,
     .help = "send no more requests that are billed, all runs together: pictures, and whatever has "
             "a price"},
    {OPT_STR, "prices", 0, "FILE", &prefs.prices,
     .help = "price table (TSV: provider, kind, from_count, per_1000, currency, read) instead of "
             "the one built in"},
    {OPT_GROUP, .help = "Instead of fetching"},
    {OPT_FLAG, "status", 0, NULL, &prefs.status,
     .help = "print what is queued, done and failed and why, rate, time left and money spent"},
    {OPT_FLAG, "credits", 0, NULL, &prefs.credits,
     .help = "print whose pictures the catalog has: provider, copyright, licence, count"},
    {OPT_FLAG, "dry-run", 'n', NULL, &prefs.dry_run,
     .help = "print how many requests it would take, how long and how much money; ask nothing"},
    {.type = OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return fetch_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    const struct tool tool = {
        .name = "gdje-fetch",
        .purpose = "Empty the queue: pictures of every queued location that has some",
        .synopsis = "",
        .details =
            "Every location ends as done, no_imagery, duplicate or failed; what could not be\n"
            "settled stays queued and makes the exit code 1: run again. Stopped at any moment,\n"
            "the next run continues. Ctrl-C finishes what is in flight, a second one aborts.\n"
            "\n"
            "Requests are counted in the catalog before they are sent, so that a cap holds even if\n"
            "the run is killed. At a cap the run stops with exit code 1, the queue intact. Prices\n"
            "are as of the date in the table: check them with your provider.\n"
            "\n"
            "google and demo give four views of a panorama. A perspective picture of mapillary or\n"
            "panoramax is one view, kept as it came, with its heading; of a 360 degree picture the\n"
            "four views are cut; fisheye pictures are left out. --area lists an area's pictures\n"
            "once, in boxes, and the same command continues where it was stopped. dir takes a data\n"
            "set on this machine: FOLDER/*.csv with uuid, latitude, longitude and\n"
            "FOLDER/<uuid>/{0,90,180,270}.jpg, or a folder with a catalog and its pictures; points\n"
            "of the queue take the nearest place, an empty queue everything. Files are linked where\n"
            "the file systems allow.\n"
            "\n"
            "The terms of the provider are yours to keep. Google's forbid bulk download and\n"
            "caching without permission. Pictures of Mapillary are CC BY-SA 4.0, those of Panoramax\n"
            "have the licence of their instance: --credits prints whom to name.\n",
        .examples =
            "  gdje-fetch --base-url http://127.0.0.1:8080\n"
            "  gdje-fetch --status\n"
            "  gdje-fetch --provider google --key-file ~/.streetview.key --dry-run\n"
            "  STREETVIEW_KEY=... gdje-fetch --provider google --rate 50 --budget 20\n"
            "  gdje-fetch --provider mapillary --key-file ~/.mapillary --area 15.8,45.7,16.1,45.9\n"
            "  gdje-fetch --provider panoramax --area shapes/croatia.shp --min-distance 100\n"
            "  gdje-fetch --provider dir --base-url ~/photos\n",
        .options = options,
        .libraries = transfers_versions(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
