namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>
/// The measurements of docs/security.md, small: what must be nothing is nothing. The times are for the program.
/// </summary>
public sealed class AttackMeasurementTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [Fact]
    public async Task Invariant_I7_over_revocations_under_load_no_append_commits_and_no_page_passes_afterwards()
    {
        RevocationFigures figures =
            await RevocationRun.RunAsync(revocations: 30, readers: 20, TextWriter.Null, timeout);
        Assert.Equal((30, 0, 0, 0), (figures.Revocations, figures.AppendsAfter, figures.PagesAfter, figures.OtherEnds));
        Assert.True(figures.Ops > 30, "the guests appended, too");
    }

    [Fact]
    public async Task Appends_go_on_beside_a_flood_of_wrong_tokens()
    {
        WrongTokenFigures figures = await WrongTokenRun.RunAsync(rounds: 1, appendsPerRound: 50, timeout);
        Assert.True(figures.WrongTokens > 0 && figures.AppendUnderTokens.Max > 0, figures.ToString());
    }
}
