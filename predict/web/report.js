/* SPDX-License-Identifier: MIT */
/* The map of a report: reads the JSON beside it, draws with Leaflet, loads nothing. */
(function () {
    'use strict';
    var root = document.documentElement;
    window.addEventListener('error', function (event) {
        root.dataset.error = String(event.message);
    });
    var data = JSON.parse(document.getElementById('data').textContent);
    var map = L.map('map', {
        zoomSnap: 0.25,
        zoomDelta: 0.5,
        attributionControl: false,
        scrollWheelZoom: false,
        minZoom: 3,
        maxZoom: 15
    });
    /* turning the wheel scrolls the page until the map is clicked */
    map.on('focus', function () { map.scrollWheelZoom.enable(); });
    map.on('blur', function () { map.scrollWheelZoom.disable(); });

    function colourClass(km) {
        var i = 0;
        while (i + 1 < data.steps.length && km >= data.steps[i + 1]) {
            i++;
        }
        return 'c' + i;
    }

    function number(km) {
        return km.toFixed(km < 10 ? 2 : km < 100 ? 1 : 0);
    }

    /* Tooltips are made of text nodes: nothing in the data is ever read as HTML. */
    function tip(lines) {
        var box = document.createElement('div');
        lines.forEach(function (line, i) {
            var p = document.createElement(i ? 'div' : 'b');
            p.textContent = line;
            box.appendChild(p);
        });
        return box;
    }

    function graticule() {
        var group = L.layerGroup();
        for (var d = -180; d <= 180; d++) {
            var at = { className: 'graticule', interactive: false };
            if (Math.abs(d) <= 80) {
                group.addLayer(L.polyline([[d, bounds.getWest() - 3], [d, bounds.getEast() + 3]], at));
            }
            if (d > bounds.getWest() - 3 && d < bounds.getEast() + 3) {
                group.addLayer(L.polyline([[bounds.getSouth() - 3, d], [bounds.getNorth() + 3, d]], at));
            }
        }
        return group;
    }

    var bounds = L.latLngBounds([]);
    data.border.forEach(function (ring) { bounds.extend(ring); });
    data.cells.forEach(function (cell) { cell.rings.forEach(function (ring) { bounds.extend(ring); }); });
    data.lines.forEach(function (l) { bounds.extend([l[0], l[1]]); });
    if (!bounds.isValid()) {
        bounds = L.latLngBounds([[-60, -170], [70, 170]]);
    }
    map.fitBounds(bounds, { padding: [8, 8] });
    ['land', 'cells', 'outside', 'lines'].forEach(function (name, i) {
        map.createPane(name).style.zIndex = 401 + i;
    });
    graticule().addTo(map);
    if (data.border.length) {
        L.polygon(data.border, { className: 'land', interactive: false, pane: 'land' }).addTo(map);
        /* all but the land, thinly over the cells: they are squares, the land is not */
        var all = [[[-85, -360], [-85, 360], [85, 360], [85, -360]]].concat(data.border);
        L.polygon(all, { className: 'outside', interactive: false, pane: 'outside' }).addTo(map);
    }

    var cells = L.layerGroup();
    data.cells.forEach(function (cell) {
        var known = cell.km !== null;
        var shape = L.polygon(cell.rings, {
            className: 'cell ' + (known ? colourClass(cell.km) : 'unknown'),
            pane: 'cells'
        });
        var text = ['class ' + cell['class'] + (cell.name ? ' ' + cell.name : '')];
        text.push(known ? 'median error ' + number(cell.km) + ' km' : 'no location to measure');
        text.push(cell.n + ' locations here, ' + cell.train + ' in training');
        shape.bindTooltip(tip(text), { sticky: true });
        cells.addLayer(shape);
    });
    var lines = L.layerGroup();
    data.lines.forEach(function (l) {
        var line = L.polyline([[l[0], l[1]], [l[2], l[3]]], { className: 'error-line', pane: 'lines' });
        var dot = L.circleMarker([l[0], l[1]], { radius: 2.2, className: 'truth', pane: 'lines' });
        var text = tip(['off by ' + number(l[4]) + ' km', 'true ' + l[0] + ', ' + l[1],
            'predicted ' + l[2] + ', ' + l[3], l[5]]);
        line.bindTooltip(text, { sticky: true });
        dot.bindTooltip(text);
        lines.addLayer(line).addLayer(dot);
    });
    if (data.cells.length) {
        cells.addTo(map);
    }
    lines.addTo(map);

    function toggle(box, text, layer) {
        var label = document.createElement('label');
        var input = document.createElement('input');
        input.type = 'checkbox';
        input.checked = true;
        input.addEventListener('change', function () {
            if (input.checked) { layer.addTo(map); } else { layer.remove(); }
        });
        label.appendChild(input);
        label.appendChild(document.createTextNode(' ' + text));
        box.appendChild(label);
    }

    var legend = L.control({ position: 'bottomleft' });
    legend.onAdd = function () {
        var box = L.DomUtil.create('div', 'legend');
        L.DomEvent.disableClickPropagation(box);
        if (data.cells.length) {
            var head = document.createElement('b');
            head.textContent = 'median error, km';
            box.appendChild(head);
            data.steps.forEach(function (from, i) {
                var row = document.createElement('div');
                var swatch = document.createElement('i');
                swatch.className = 'c' + i;
                row.appendChild(swatch);
                var to = data.steps[i + 1];
                row.appendChild(document.createTextNode(to === undefined ? from + ' and more' : from + '\u2013' + to));
                box.appendChild(row);
            });
            toggle(box, 'cells', cells);
        }
        toggle(box, 'predictions', lines);
        return box;
    };
    legend.addTo(map);
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(map);
    map.zoomControl.setPosition('topright');
    /* on paper the map has another size: it shows the same area there, and afterwards what it did */
    var before = null;
    window.matchMedia('print').addEventListener('change', function (event) {
        if (event.matches) {
            before = { area: map.getBounds(), centre: map.getCenter(), zoom: map.getZoom() };
            map.invalidateSize(false);
            map.fitBounds(before.area, { animate: false });
        } else if (before) {
            map.invalidateSize(false);
            map.setView(before.centre, before.zoom, { animate: false });
        }
    });
    root.dataset.lines = String(data.lines.length);
    root.dataset.cells = String(data.cells.length);
}());
