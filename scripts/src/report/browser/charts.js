/* The charts of the page of a load test. It runs in the browser as it is: without imports, and not compiled. */
/* global uPlot, document, window, getComputedStyle, matchMedia, ResizeObserver */
(() => {
  const record = JSON.parse(document.getElementById('record').textContent)
  const { timeline, reloads, loadDuration } = record
  const { interval } = timeline
  const root = document.documentElement
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim()

  const PALETTE = 5
  const MAX_COLUMNS = 100
  const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
  const end = loadDuration / 1000
  // The end of the load cuts the last slice short, which would look like a dip.
  const slices = Math.max(1, Math.floor(loadDuration / interval))
  const times = Array.from({ length: slices }, (_, slice) => (slice + 0.5) * interval / 1000)
  const cut = (numbers) => Array.from({ length: slices }, (_, slice) => numbers[slice] ?? null)

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)
  const count = (value) => value == null ? '–' : Math.round(value).toLocaleString('en')
  const milliseconds = (value) => value == null ? '–' : `${Number(value.toPrecision(3)).toLocaleString('en')} ms`
  const generationColor = (generation) => color(generation == null ? 'third' : `generation-${generation % PALETTE}`)

  /** Draws inside the plot, below or above the lines, in pixels of the canvas. */
  function inPlot (u, draw) {
    const { ctx, bbox } = u
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    draw(ctx, bbox, u.pxRatio ?? window.devicePixelRatio)
    ctx.restore()
  }

  function shadeReloads (u) {
    inPlot(u, (ctx, { top, height }, ratio) => {
      for (const { at, end, outcome } of reloads) {
        const left = u.valToPos(at / 1000, 'x', true)
        ctx.fillStyle = color(outcome === 'completed' ? 'shade' : 'bad-shade')
        ctx.fillRect(left, top, Math.max(1, u.valToPos(end / 1000, 'x', true) - left), height)
        // A reload that follows at once would look like a part of the one before.
        ctx.fillRect(left, top, ratio, height)
      }
    })
  }

  function numberReloads (u) {
    inPlot(u, (ctx, { top }, ratio) => {
      ctx.font = scaled(FONT, ratio)
      ctx.textAlign = 'center'
      ctx.textBaseline = 'top'
      let free = -Infinity
      reloads.forEach(({ at, end, outcome }, index) => {
        const middle = u.valToPos((at + end) / 2000, 'x', true)
        const text = outcome === 'completed' ? String(index + 1) : `${index + 1} ${outcome}`
        const half = ctx.measureText(text).width / 2 + 3 * ratio
        if (middle - half < free) return
        free = middle + half
        ctx.fillStyle = color(outcome === 'completed' ? 'quiet' : 'bad')
        ctx.fillText(text, middle, top + 3 * ratio)
      })
    })
  }

  /** A line, and where it hides nothing a cross, for each slice of time in which requests failed. */
  function markFailures (u, hasCrosses) {
    const failing = timeline.failed.flatMap((failures, slice) => failures > 0 ? [slice] : [])
    inPlot(u, (ctx, { top, height }, ratio) => {
      ctx.strokeStyle = color('bad')
      for (const slice of failing) {
        const x = Math.min(u.valToPos((slice + 0.5) * interval / 1000, 'x', true), u.bbox.left + u.bbox.width - 5 * ratio)
        const y = top + height - 10 * ratio
        const arm = 5 * ratio
        ctx.globalAlpha = 0.35
        ctx.lineWidth = ratio
        ctx.setLineDash([3 * ratio, 3 * ratio])
        line(ctx, x, top, x, y - arm)
        ctx.globalAlpha = 1
        if (!hasCrosses) continue
        ctx.lineWidth = 2 * ratio
        ctx.setLineDash([])
        line(ctx, x - arm, y - arm, x + arm, y + arm)
        line(ctx, x - arm, y + arm, x + arm, y - arm)
      }
    })
  }

  function line (ctx, x1, y1, x2, y2) {
    ctx.beginPath()
    ctx.moveTo(x1, y1)
    ctx.lineTo(x2, y2)
    ctx.stroke()
  }

  /** Bands that fill the height: one for each slot, from the bottom, in the colour of the generation that answered. */
  function drawShares (u) {
    inPlot(u, (ctx, bbox, ratio) => {
      const { workers } = timeline
      // The share of a few answers is noise.
      const step = Math.ceil(slices / MAX_COLUMNS)
      for (let slice = 0; slice < slices; slice += step) {
        const answers = workers.map(({ first, answered }) => sum(answered.slice(Math.max(0, slice - first), Math.max(0, slice - first + step))))
        const total = sum(answers)
        const left = Math.round(u.valToPos(slice * interval / 1000, 'x', true))
        const width = Math.round(u.valToPos((slice + step) * interval / 1000, 'x', true)) - left
        let below = 0
        workers.forEach(({ slot, generation }, index) => {
          if (answers[index] === 0) return
          const share = answers[index] / total * 100
          const top = u.valToPos(below + share, 'y', true)
          ctx.fillStyle = generationColor(generation)
          ctx.fillRect(left, top, width, u.valToPos(below, 'y', true) - top)
          below += share
          const next = workers.findIndex((worker, at) => at > index && answers[at] > 0)
          if (next < 0 || workers[next].slot === slot) return
          ctx.fillStyle = color('ground')
          ctx.fillRect(left, top - ratio / 2, width, 1.5 * ratio)
        })
      }
    })
  }

  function keyOfGenerations (plot) {
    const generations = [...new Set(timeline.workers.map(({ generation }) => generation))].sort((one, other) => one - other)
    const key = document.createElement('ul')
    key.className = 'key'
    for (const generation of generations.slice(0, PALETTE)) {
      const item = document.createElement('li')
      const swatch = document.createElement('i')
      swatch.style.background = generationColor(generation)
      const same = generations.filter((other) => other > generation && other % PALETTE === generation % PALETTE)
      const names = same.length > 3 ? [generation, same[0], '…', same.at(-1)] : [generation, ...same]
      item.append(swatch, generation == null ? 'unknown generation' : `generation ${names.join(', ')}`)
      key.append(item)
    }
    const slots = new Set(timeline.workers.map(({ slot }) => slot)).size
    const order = document.createElement('li')
    order.append(slots > 1 ? `${slots} slots, the first at the bottom` : 'one slot')
    key.append(order)
    plot.append(key)
  }

  function scaled (font, ratio) {
    return font.replace(/^\d+/, (size) => String(size * ratio))
  }

  const axis = (label, more = {}) => ({
    label,
    labelSize: 22,
    labelFont: FONT,
    font: FONT,
    stroke: color('quiet'),
    grid: { stroke: color('grid'), width: 1 },
    ticks: { stroke: color('line'), width: 1, size: 5 },
    ...more
  })
  const seconds = () => axis('seconds since the start', { size: 34 })
  const logarithmic = (more = {}) => axis('milliseconds, logarithmic', {
    size: 58,
    // Labels for 2 and 5 fit only when there are few powers of ten.
    values: (u, splits) => splits.map((value) => {
      const digit = Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9))
      const isFine = u.scales.y.max / u.scales.y.min <= 100
      return digit === 1 || (isFine && (digit === 2 || digit === 5)) ? Number(value.toPrecision(2)).toLocaleString('en') : null
    }),
    filter: (u, splits) => splits,
    ...more
  })
  const series = (label, name, value, more = {}) => ({
    label, value: (u, raw) => value(raw), stroke: color(name), width: 2, points: { show: slices < 3 }, spanGaps: true, ...more
  })
  const time = { label: 'at', value: (u, raw) => raw == null ? '–' : `${raw.toFixed(1)} s` }
  const decades = { distr: 3, range: (u, low, high) => low == null ? [1, 100] : [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.01))] }
  const wholeRun = { x: { time: false, range: [0, end] } }
  const together = { drag: { x: false, y: false }, sync: { key: 'run' }, points: { size: 6 } }

  const CHARTS = {
    throughput: () => ({
      data: [times, cut(timeline.answered).map((answers) => answers === null ? 0 : answers / interval * 1000), cut(timeline.failed)],
      options: {
        cursor: together,
        scales: { ...wholeRun, y: { range: (u, low, high) => [0, Math.max(10, high * 1.15)] }, failures: { range: [0, Number.MAX_SAFE_INTEGER] } },
        axes: [seconds(), axis('answers a second', { size: 58, values: (u, splits) => splits.map(count) })],
        series: [
          time,
          series('answers a second', 'first', count, { fill: `${color('first')}22` }),
          // Drawn as marks: the series is only for the legend, so its point at the cursor stays at the bottom.
          series('failed', 'bad', count, { scale: 'failures', paths: () => null, points: { show: false } })
        ],
        hooks: { drawClear: [shadeReloads], draw: [(u) => { markFailures(u, true) }, numberReloads] }
      }
    }),
    latency: () => ({
      data: [times, ...[timeline.p50, timeline.p99, timeline.max].map(cut)],
      options: {
        cursor: together,
        scales: { ...wholeRun, y: decades },
        axes: [seconds(), logarithmic()],
        series: [
          time,
          series('p50', 'first', milliseconds),
          series('p99', 'second', milliseconds),
          series('max', 'third', milliseconds, { width: 1.5, dash: [3, 4] })
        ],
        hooks: { drawClear: [shadeReloads], draw: [(u) => { markFailures(u, false) }] }
      }
    }),
    workers: () => ({
      data: [times, times.map(() => null)],
      options: {
        cursor: { ...together, points: { show: false } },
        legend: { show: false },
        scales: { ...wholeRun, y: { range: [0, 100] } },
        axes: [seconds(), axis('% of the answers', { size: 58 })],
        series: [time, series('share', 'first', count)],
        hooks: { draw: [drawShares] }
      },
      after: keyOfGenerations
    }),
    connections: () => ({
      data: [times, cut(timeline.connections)],
      options: {
        height: 180,
        cursor: together,
        scales: { ...wholeRun, y: { range: (u, low, high) => [0, Math.max(10, high * 1.15)] } },
        axes: [seconds(), axis('connections', { size: 58, values: (u, splits) => splits.map(count) })],
        series: [time, series('open connections', 'first', count, { paths: uPlot.paths.stepped({ align: 1 }) })],
        hooks: { drawClear: [shadeReloads] }
      }
    }),
    distribution: () => {
      const nines = (points) => [points.map(({ share }) => -Math.log10(1 - share)), points.map(({ latency }) => Math.max(latency, 0.01))]
      const { inside, outside } = record.distributions
      const sides = [['inside reloads', 'second', inside, []], ['outside reloads', 'first', outside, [8, 4]]]
        .filter(([, , points]) => points.length > 0)
      return {
        data: sides.length === 0 ? [[0], [null]] : uPlot.join(sides.map(([, , points]) => nines(points))),
        options: {
          cursor: { drag: { x: false, y: false } },
          scales: { x: { time: false, range: (u, low, high) => [0, Math.max(1, high)] }, y: decades },
          axes: [
            axis('percent of the requests took at most this long', {
              size: 34,
              splits: (u) => [0, ...(u.width < 600 ? [] : [-Math.log10(0.5)]), 1, 2, 3, 4, 5, 6, 7].filter((value) => value <= u.scales.x.max),
              values: (u, splits) => splits.map((value) => `${Number((100 - 100 * 10 ** -value).toFixed(6))} %`)
            }),
            logarithmic()
          ],
          series: [
            { label: 'share', value: (u, raw) => raw == null ? '–' : `${Number((100 - 100 * 10 ** -raw).toPrecision(6))} %` },
            ...(sides.length === 0 ? [series('none', 'first', milliseconds)] : sides.map(([label, name, , dash]) => series(label, name, milliseconds, { dash, points: { show: false } })))
          ]
        }
      }
    }
  }

  let drawn = []

  function drawAll () {
    for (const chart of drawn) chart.destroy()
    drawn = [...document.querySelectorAll('.plot')].map((plot) => {
      plot.replaceChildren()
      const { data, options, after } = CHARTS[plot.dataset.chart]()
      const chart = new uPlot({ width: plot.clientWidth, height: 260, ...options }, data, plot) // eslint-disable-line new-cap
      chart.ctx.canvas.setAttribute('role', 'img')
      chart.ctx.canvas.setAttribute('aria-label', plot.dataset.label)
      after?.(plot)
      return chart
    })
  }

  drawAll()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
  let width = document.body.clientWidth
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return
    width = document.body.clientWidth
    drawAll()
  }).observe(document.body)
  // Paper is white.
  window.addEventListener('beforeprint', () => {
    root.classList.add('printed')
    drawAll()
  })
  window.addEventListener('afterprint', () => {
    root.classList.remove('printed')
    drawAll()
  })
})()
