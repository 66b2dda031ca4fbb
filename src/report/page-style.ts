/** What all our pages look like. */
export const pageStyle = `
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1c2430; background: #f5f6f8; }
body { margin: 0 auto; max-width: 1180px; padding: 24px; }
h1 { font-size: 24px; margin: 4px 0 12px; } h2 { font-size: 18px; margin: 28px 0 8px; } h3 { font-size: 15px; margin: 4px 0 8px; }
.kind { color: #5b6675; margin: 0; } .note { color: #5b6675; margin: 6px 0; }
.answer { font-size: 17px; padding: 14px 18px; border-radius: 8px; border-left: 6px solid; background: #fff; }
.good { border-color: #2e8b57; } .bad { border-color: #c0392b; }
section { background: #fff; border-radius: 8px; padding: 14px 18px; margin: 14px 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(480px, 1fr)); gap: 14px; } .columns section { margin: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: #5b6675; font-weight: 600; } th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid #e6e9ee; vertical-align: top; }
tr.failed td { color: #c0392b; font-weight: 600; }
footer { color: #5b6675; margin: 20px 0; } .plot { height: 210px; } .plot.last { height: 260px; }
`;
