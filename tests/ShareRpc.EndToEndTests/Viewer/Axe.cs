using System.Text.Json;
using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>axe-core, in the page.</summary>
internal static class Axe
{
    /// <summary>What is seriously or critically wrong for people who use assistive technology.</summary>
    public static async Task<IReadOnlyList<string>> SeriousViolationsAsync(IPage page)
    {
        string script = Path.Combine(OpencodeFixture.Root(), "node_modules", "axe-core", "axe.min.js");
        await page.EvaluateAsync(await File.ReadAllTextAsync(script));
        JsonElement? violations = await page.EvaluateAsync(
            "async () => (await axe.run(document)).violations.map(v => ({ impact: v.impact, what: v.id + ': ' + "
                + "v.nodes[0].html }))");
        return [.. violations!.Value.EnumerateArray()
            .Where(violation => violation.GetProperty("impact").GetString() is "serious" or "critical")
            .Select(violation => violation.GetProperty("what").GetString()!)];
    }
}
