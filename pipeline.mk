# The data flow: `make pipeline`. One rule per stage; what a stage did is recorded in the catalog.
#
#   sample > fetch (or import) > hash > split > project > grid > stats > pack > train > predict >
#   eval > report
#
# The catalog is a living database, so it is never a make target: each stage has a stamp
# $(WORK)/.stamp/<stage>, touched when its tool has finished, and a .state beside it, rewritten
# only when what the stage left in the catalog is different. Later stages depend on the .state: a
# fetch that found nothing new does not retrain. Every tool decides for itself whether there is
# something to do, so a missing stamp costs a quick look, never a wrong result.

# --- parameters: config.mk or the command line --------------------------------------------------
WORK ?= work
BORDER ?= shapes/croatia.shp
CRS ?= EPSG:3765
SEED ?= 1
# where pictures come from: a data set on disk, or a provider
DATASET ?=
PROVIDER ?= demo
KEY_FILE ?=
COUNT ?= 2000
AREA ?=
RATE ?=
FETCH_ARGS ?=
IMPORT_ARGS ?=
# preparation
RATIOS ?= 80/10/10
SPLIT_ARGS ?=
SPACING ?= 40km
GRID_ARGS ?= --spacing $(SPACING)
SIZE ?= 64
PACK_ARGS ?=
# training
RUN ?= $(if $(DATASET),dataset,$(PROVIDER))
ARCH ?= resnet18
TASK ?= classification
EPOCHS ?= 8
BATCH ?= 16
WEIGHTS ?=
BACKEND ?= auto
PRECISION ?= f32
TRAIN_ARGS ?= --scheduler cosine --smooth-km 20

CATALOG := $(WORK)/catalog.gpkg
PACK := $(WORK)/pack-$(SIZE).gdje
MODEL := $(WORK)/run/$(RUN)/best.safetensors
REPORT := $(WORK)/report-$(RUN).html
S := $(WORK)/.stamp
gdje = $(B)/gdje-$(1)
cat_opt := --catalog $(CATALOG)

# --- stages ------------------------------------------------------------------------------------------
# The arguments of each stage. They are a file that is rewritten while parsing, only when different:
# a changed parameter reruns its stage and what depends on it.
args_sample := --border $(BORDER) --crs $(CRS) --count $(COUNT) --seed $(SEED)
args_fetch := --provider $(PROVIDER) $(if $(AREA),--area $(AREA)) $(if $(RATE),--rate $(RATE)) $(if $(KEY_FILE),--key-file $(KEY_FILE)) $(FETCH_ARGS)
# a folder with a table of places, or of photos whose EXIF has the position
dataset_csv := $(if $(DATASET),$(firstword $(wildcard $(DATASET)/*.csv)))
args_import := $(if $(dataset_csv),--csv $(dataset_csv) --images $(DATASET),$(DATASET)) $(IMPORT_ARGS)
args_hash :=
args_split := --ratios $(RATIOS) --seed $(SEED) $(SPLIT_ARGS)
args_project := --crs $(CRS)
args_grid := --border $(BORDER) --crs $(CRS) $(GRID_ARGS)
args_stats := --size $(SIZE)
args_pack := --size $(SIZE) $(PACK_ARGS)
args_train := --name $(RUN) --arch $(ARCH) --task $(TASK) --epochs $(EPOCHS) --batch $(BATCH) --backend $(BACKEND) \
	--precision $(PRECISION) --seed $(SEED) $(if $(WEIGHTS),--weights $(WEIGHTS)) $(TRAIN_ARGS)
args_predict := --checkpoint $(MODEL)
args_eval := --run $(RUN)
args_report := --run $(RUN) --border $(BORDER)

source := $(if $(DATASET),import,fetch)
# a survey of an area finds its places itself
places := $(if $(DATASET)$(AREA),,sample)
stages := $(places) $(source) hash split project grid stats pack train predict eval report

# what each stage left behind, as queries; for most the digest of its inputs says it all
recorded = SELECT name, inputs_sha256, n_rows FROM stage WHERE name LIKE '$(1)%' ORDER BY name
state_sample := SELECT count(*), total(lat_deg) FROM request
state_fetch := SELECT count(*), max(id), total(lat_deg) FROM location; SELECT count(*), total(id) FROM image
state_import := $(state_fetch)
state_hash := SELECT state, count(*), total(dhash), total(n_bytes) FROM image_hash GROUP BY state ORDER BY state; SELECT count(*) FROM grouping
state_split := $(call recorded,split)
state_project := $(call recorded,project)
state_grid := $(call recorded,grid)
state_stats := $(call recorded,stats)
# a run that is begun anew loses its predictions and scores, even when it ends the same
runs := SELECT name, started FROM run ORDER BY name;
state_train := $(runs) SELECT sha256 FROM checkpoint ORDER BY run_id, kind
state_predict := $(runs) SELECT count(*), total(lat_deg), total(lon_deg) FROM prediction
state_eval := $(runs) SELECT count(*), total(value) FROM score

# pipeline goals alone write below $(WORK)
ifneq ($(filter pipeline,$(MAKECMDGOALS)),)
$(foreach p,WORK BORDER DATASET KEY_FILE WEIGHTS,$(if $(word 2,$($(p))),\
	$(error $(p) is '$($(p))': make cannot handle a blank in a path)))
$(foreach p,BORDER DATASET KEY_FILE WEIGHTS,$(if $($(p)),$(if $(wildcard $($(p))),,\
	$(error $(p): there is no '$($(p))'))))
same = $(and $(findstring $(1),$(2)),$(findstring $(2),$(1)))
$(shell mkdir -p $(S))
$(foreach s,$(stages),$(if $(call same,$(strip $(file <$(S)/$(s).args)),$(strip $(s): $(args_$(s)))),,\
	$(file >$(S)/$(s).args,$(strip $(s): $(args_$(s))))))
# what was removed by hand is made again
gone = $(if $(wildcard $(1)),,$(shell rm -f $(S)/$(2)))
$(if $(wildcard $(CATALOG)),,$(shell rm -f $(addprefix $(S)/,$(stages))))
$(call gone,$(PACK),pack)$(call gone,$(MODEL),train)$(call gone,$(REPORT),report)
endif

# run,STAGE,COMMAND: say it, run it, stamp it
define run
@printf '== %s\n' '$(1)' >&2
@touch $(S)/.ran
$(Q)$(2)
@touch $(S)/$(1)
endef

# The .state of a stage: rewritten only when different.
$(S)/%.state: $(S)/%
	@sqlite3 $(CATALOG) "$(state_$*)" >$@.tmp; \
	if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi
.PRECIOUS: $(S)/%.state

# Remote and expensive stages (fetch, train) depend on their tool only for its existence.
$(S)/sample: $(S)/sample.args $(BORDER) | $(call gdje,sample)
	$(call run,sample,$(call gdje,sample) $(cat_opt) $(args_sample))

# The demo provider lives as long as the fetch that asks it.
demo_url := $(WORK)/demo.url
fetch_demo = rm -f $(demo_url); \
	$(call gdje,demo) --border $(BORDER) --seed $(SEED) --url-file $(demo_url) --idle-exit 120 >/dev/null & demo=$$!; \
	trap 'kill $$demo 2>/dev/null' EXIT INT TERM; \
	while kill -0 $$demo 2>/dev/null && ! [ -s $(demo_url) ]; do sleep 0.1; done; \
	$(call gdje,fetch) $(cat_opt) $(args_fetch) --base-url "$$(cat $(demo_url))"
fetch_real = $(call gdje,fetch) $(cat_opt) $(args_fetch)
$(S)/fetch: $(S)/fetch.args $(places:%=$(S)/%.state) | $(call gdje,fetch) $(call gdje,demo)
	$(call run,fetch,$(if $(filter demo,$(PROVIDER)),$(fetch_demo),$(fetch_real)))

$(S)/import: $(S)/import.args $(DATASET) $(dataset_csv) $(call gdje,import)
	$(call run,import,$(call gdje,import) $(cat_opt) $(args_import) >$(WORK)/import.tsv)

$(S)/hash: $(S)/hash.args $(S)/$(source).state $(call gdje,hash)
	$(call run,hash,$(call gdje,hash) $(cat_opt) $(args_hash))

$(S)/split: $(S)/split.args $(S)/$(source).state $(S)/hash.state $(call gdje,split)
	$(call run,split,$(call gdje,split) $(cat_opt) $(args_split))

$(S)/project: $(S)/project.args $(S)/split.state $(call gdje,project)
	$(call run,project,$(call gdje,project) $(cat_opt) $(args_project))

$(S)/grid: $(S)/grid.args $(S)/split.state $(BORDER) $(call gdje,grid) | $(S)/project
	$(call run,grid,$(call gdje,grid) $(cat_opt) $(args_grid))

$(S)/stats: $(S)/stats.args $(S)/split.state $(call gdje,stats) | $(S)/grid
	$(call run,stats,$(call gdje,stats) $(cat_opt) $(args_stats))

$(S)/pack: $(S)/pack.args $(S)/hash.state $(call gdje,pack) | $(S)/stats
	$(call run,pack,$(call gdje,pack) $(cat_opt) $(args_pack) -o $(PACK) --force)
$(PACK): $(S)/pack ;

$(S)/train: $(S)/train.args $(S)/grid.state $(S)/project.state $(S)/stats.state $(PACK) $(WEIGHTS) | $(call gdje,train)
	$(call run,train,$(call gdje,train) $(cat_opt) $(args_train) --pack $(PACK) --restart)

$(S)/predict: $(S)/predict.args $(S)/train.state $(PACK) $(call gdje,predict)
	$(call run,predict,$(call gdje,predict) $(cat_opt) $(args_predict) --pack $(PACK) --force -o $(WORK)/predictions-$(RUN).csv)

$(S)/eval: $(S)/eval.args $(S)/predict.state $(call gdje,eval)
	$(call run,eval,$(call gdje,eval) $(cat_opt) $(args_eval) >$(WORK)/scores-$(RUN).tsv)

$(S)/report: $(S)/report.args $(S)/eval.state $(BORDER) $(call gdje,report)
	$(call run,report,$(call gdje,report) $(cat_opt) $(args_report) --force -o $(REPORT))

pipeline: $(S)/report ## the whole way: pictures to a report; see README.md
	@if [ -e $(S)/.ran ]; then rm -f $(S)/.ran; \
		sqlite3 -header -column $(CATALOG) 'SELECT * FROM leaderboard'; \
		printf '\nopen %s\n' "$(abspath $(REPORT))"; \
	else printf 'pipeline: nothing to do, everything is up to date: open %s\n' "$(abspath $(REPORT))"; fi

pipeline-status: ## what each stage did, when and with which arguments
	@[ -e $(CATALOG) ] || { echo "there is no catalog '$(CATALOG)': make pipeline" >&2; exit 1; }
	@sqlite3 -header -column $(CATALOG) "SELECT name AS stage, finished, n_rows AS rows, arguments FROM stage \
		UNION ALL SELECT 'train:' || name, coalesce(finished, state), \
			(SELECT count(*) FROM epoch WHERE run_id = run.id), arguments FROM run ORDER BY 2"

# the README's picture: the top of the report
picture: ## take tests/data/report-map.png anew from the pipeline's report
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1100,1230 \
		--virtual-time-budget=6000 --screenshot=$(abspath tests/data/report-map.png) file://$(abspath $(REPORT))

.PHONY: pipeline pipeline-status picture
