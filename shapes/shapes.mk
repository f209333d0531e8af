# The border: committed, and remade from Debian's gmt and gmt-dcw by hand only.
border: ## make shapes/croatia.shp anew from the Digital Chart of the World (needs gmt, gmt-dcw, gdal-bin)
	$(call say,GEN,shapes/croatia.shp)
	$(Q)sh shapes/make_border.sh shapes

.PHONY: border
