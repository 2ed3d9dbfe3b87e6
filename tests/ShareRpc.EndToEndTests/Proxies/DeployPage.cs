namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>Reads the configurations that docs/deploy.md shows.</summary>
internal static class DeployPage
{
    /// <summary>Returns the first fenced block of a language, with what stands for a site replaced.</summary>
    public static string Block(string language, params (string Old, string New)[] replacements) =>
        BlockOf("# ", language, replacements);

    /// <summary>Returns the first one behind a heading.</summary>
    public static string BlockOf(string heading, string language, params (string Old, string New)[] replacements)
    {
        string page = File.ReadAllText(Path.Combine(OpencodeFixture.Root(), "docs", "deploy.md"));
        string fence = $"```{language}\n";
        int from = page.IndexOf(heading, StringComparison.Ordinal);
        int start = page.IndexOf(fence, from, StringComparison.Ordinal) + fence.Length;
        string block = page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
        foreach ((string old, string replacement) in replacements)
        {
            Assert.Contains(old, block, StringComparison.Ordinal);
            block = block.Replace(old, replacement, StringComparison.Ordinal);
        }

        return block;
    }
}
