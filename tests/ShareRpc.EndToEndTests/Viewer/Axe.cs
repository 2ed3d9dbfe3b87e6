using System.Text.Json;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>axe-core, in the page.</summary>
internal static class Axe
{
    /// <summary>Returns what is wrong for people who use assistive technology, however little.</summary>
    public static async Task<IReadOnlyList<string>> ViolationsAsync(IPage page)
    {
        string script = Path.Combine(OpencodeFixture.Root(), "node_modules", "axe-core", "axe.min.js");
        await page.EvaluateAsync(await File.ReadAllTextAsync(script));
        JsonElement? violations = await page.EvaluateAsync(
            "async () => (await axe.run(document)).violations.map(v => `${v.impact} ${v.id}: ${v.nodes[0].html}`)");
        return [.. violations!.Value.EnumerateArray().Select(violation => violation.GetString()!)];
    }
}
