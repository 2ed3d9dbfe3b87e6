using System.Text.Json;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>axe-core, in the page.</summary>
internal static class Axe
{
    /// <summary>Returns what is wrong in light colours by any rule, or in dark ones, which alone differ.</summary>
    public static async Task<IReadOnlyList<string>> ViolationsLightOrDarkAsync(ViewerPage viewer)
    {
        IReadOnlyList<string> light = await ViolationsAsync(viewer.Page);
        await ColorsAsync(viewer, ColorScheme.Dark);
        IReadOnlyList<string> dark = await ViolationsAsync(viewer.Page, "color-contrast", "link-in-text-block");
        await ColorsAsync(viewer, ColorScheme.Light);
        return [.. light, .. dark.Select(violation => $"dark: {violation}")];
    }

    /// <summary>
    /// Returns what is wrong for people who use assistive technology, however little: by all rules, or by those named.
    /// </summary>
    public static async Task<IReadOnlyList<string>> ViolationsAsync(IPage page, params string[] rules)
    {
        if (!await page.EvaluateAsync<bool>("() => 'axe' in globalThis"))
        {
            string script = Path.Combine(OpencodeFixture.Root(), "node_modules", "axe-core", "axe.min.js");
            await page.EvaluateAsync(await File.ReadAllTextAsync(script));
        }

        JsonElement? violations = await page.EvaluateAsync("""
            async rules => (await axe.run(document, rules.length > 0 ? { runOnly: rules } : {}))
                .violations.map(v => `${v.impact} ${v.id}: ${v.nodes[0].html}`)
            """, rules);
        return [.. violations!.Value.EnumerateArray().Select(violation => violation.GetString()!)];
    }

    private static async Task ColorsAsync(ViewerPage viewer, ColorScheme colors)
    {
        await viewer.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = colors });
        await viewer.SettleAsync();
    }
}
