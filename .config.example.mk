# Parameters of `make pipeline`: copy to config.mk and change what you like. Most lines show the default.
#WORK = work
#BORDER = shapes/croatia.shp
#CRS = EPSG:3765
#SEED = 1

# pictures: a data set on disk, or a provider (demo, google, mapillary, panoramax), asked for COUNT
# points or for all that it has in AREA: W,S,E,N or a border file
#DATASET = /data/croatia
#PROVIDER = demo
#KEY_FILE = /home/me/.streetview-key
#COUNT = 2000
#AREA = shapes/croatia.shp
#RATE = 100

# preparation
#RATIOS = 80/10/10
#SPACING = 40km
#GRID_ARGS = --spacing $(SPACING)
#SIZE = 64

# training
#RUN = demo
#ARCH = resnet18
#TASK = classification
#EPOCHS = 8
#BATCH = 16
#WEIGHTS = resnet18.safetensors
#BACKEND = auto
#PRECISION = f32
#TRAIN_ARGS = --scheduler cosine --smooth-km 20

# more options of single tools, empty by default; for example
#FETCH_ARGS = --budget 50
#IMPORT_ARGS = --border shapes/croatia.shp
#SPLIT_ARGS = --block-km 25 --buffer-km 2
#GRID_ARGS = --quadtree --max-per-cell 200
#PACK_ARGS = --threads 1
