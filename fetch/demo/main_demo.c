/* SPDX-License-Identifier: MIT */
/* gdje-demo: options and main; the work is in demo.c. */
#include "core/tool.h"
#include "fetch/demo/demo.h"
#include "fetch/demo/drive.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/server.h"

static struct demo_prefs prefs = {
    .border = "shapes/croatia.shp",
    .seed = 1,
    .reach_m = PANORAMA_REACH_M,
    .density = DRIVE_DENSITY,
    .url_ttl_s = PROTOCOL_URL_TTL_S,
};

static const struct opt options[] = {
    {OPT_GROUP, .help = "The country"},
    {OPT_STR, "border", 0, "FILE", &prefs.border, .help = "outline, a vector file that GDAL reads"},
    {OPT_COUNT, "seed", 0, "N", &prefs.seed, .max = 9.3e18, .help = "all that is made up"},
    {OPT_LENGTH, "reach", 0, "LENGTH", &prefs.reach_m, .max = PANORAMA_RADIUS_MAX,
     .help = "Street View: how far a panorama answers for; a smaller radius counts as this"},
    {OPT_COUNT, "density", 0, "N", &prefs.density, .min = 1, .max = DRIVE_DENSITY_MAX,
     .help = "Mapillary and Panoramax: pictures on a road, on average; 200 overfill a large box"},
    {OPT_GROUP, .help = "Serving"},
    {OPT_COUNT, "port", 0, "N", &prefs.port, .max = 65535, .help = "of 127.0.0.1; 0: a free one"},
    {OPT_COUNT, "threads", 0, "N", &prefs.threads, .max = 256, .help = "0: one per core"},
    {OPT_STR, "url-file", 0, "FILE", &prefs.url_file,
     .help = "write the address there once it answers; removed at the end"},
    {OPT_STR, "pid-file", 0, "FILE", &prefs.pid_file,
     .help = "write the process number there; removed at the end"},
    {OPT_SECONDS, "idle-exit", 0, "SECONDS", &prefs.idle_exit_s, .max = 1e6,
     .help = "end after so long without a request; 0: never"},
    {OPT_GROUP, .help = "Who may ask, and how much"},
    {OPT_STR, "key-file", 0, "FILE", &prefs.key_file,
     .help = "demand the key or token in its first line (or in GDJE_DEMO_KEY)"},
    {OPT_SECONDS, "url-ttl", 0, "SECONDS", &prefs.url_ttl_s, .min = 1, .max = 1e6,
     .help = "Mapillary: until the address of a picture expires"},
    {OPT_STR, "secret-file", 0, "FILE", &prefs.secret_file,
     .help = "Street View: demand URLs signed with the secret in its first line, URL-safe base64"},
    {OPT_COUNT, "quota", 0, "N", &prefs.quota, .max = 1e15,
     .help = "pictures until the quota is used up; 0: no limit"},
    {OPT_GROUP, .help = "What goes wrong"},
    {OPT_STR, "fault", 0, "NAME=RATE,...", &prefs.faults,
     .help = "answer so badly at such a share of the requests; all=RATE for those not named"},
    {OPT_FLAG, "list-faults", 0, NULL, &prefs.list_faults,
     .help = "print the names of the faults with what they do, and end"},
    {OPT_GROUP, .help = "Pictures instead of serving"},
    {OPT_STR, "render", 0, "LAT,LON,HEADING", &prefs.render, .help = "write one picture"},
    {OPT_STR, "output", 'o', "FILE", &prefs.output, .help = "where --render writes to"},
    {OPT_STR, "contact-sheet", 0, "FILE", &prefs.contact_sheet,
     .help = "write twelve places in four directions"},
    {OPT_FLAG, "force", 0, NULL, &prefs.force, .help = "replace what exists"},
    {.type = OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    return demo_run(cli, &prefs, e);
}

int main(int argc, char **argv)
{
    const struct tool tool = {
        .name = "gdje-demo",
        .purpose = "Serve street-level pictures of a synthetic country on the loopback",
        .synopsis = "",
        .details =
            "Speaks the Street View Static API at /maps/api/streetview and\n"
            "/maps/api/streetview/metadata, the Mapillary API v4 at /images and /ID, and Panoramax\n"
            "(STAC) at /api, so that the whole suite can be tried without a key and without a\n"
            "network. Prints its address, http://127.0.0.1:PORT, and serves until it is\n"
            "interrupted or terminated, which ends it with 0. The coast is real, all else is\n"
            "invented: scores reached on these pictures say nothing about real photographs.\n"
            "\n"
            "Faults are decided by the seed, the address asked for and how often it has been asked\n"
            "for: the same requests fail in the same way in every run, in whatever order they\n"
            "come, and the next try of an address may succeed.",
        .examples =
            "  gdje-demo --url-file work/demo.url --idle-exit 10m &\n"
            "  gdje-demo --render 43.51,16.44,225 -o split.jpg\n"
            "  gdje-demo --fault 503=0.05,retry-after=0.01,stall=0.01\n"
            "  curl \"$(cat work/demo.url)/maps/api/streetview/metadata?location=45.8,16.0\"\n"
            "  curl \"$(cat work/demo.url)/images?bbox=15.9,45.7,15.95,45.75&fields=geometry\"\n",
        .options = options,
        .no_catalog = true,
        .libraries = server_library(),
        .run = run,
    };
    return tool_main(&tool, argc, argv);
}
