using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks;

/// <summary>What the figures and the command line do, and each cell once: that it works, not how fast.</summary>
public sealed class SmokeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <summary>The sizes of a cell are divided by it; <c>eng/deep-tests</c> chooses it.</summary>
    private static readonly string Smaller = Environment.GetEnvironmentVariable("SHARERPC_SIZE") ?? "100";

    public static TheoryData<string> Names => new(BenchmarkProgram.Cells.Select(cell => cell.Name));

    [Theory]
    [Trait("Suite", "Deep")]
    [MemberData(nameof(Names))]
    public async Task A_cell_measures_something_and_says_it_in_JSON_lines(string cell)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        using var output = new StringWriter();
        var options = Options.Parse([cell, "--rounds", "1", "--seconds", "0.1", "--smaller", Smaller]);
        Assert.Equal(0, await BenchmarkProgram.RunAsync(options, output, patience.Token));
        List<Figure> figures =
            [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Figure.Parse)];
        Assert.NotEmpty(figures);
        Assert.All(figures, figure =>
        {
            Assert.Equal(cell, figure.Cell);
            Assert.True(figure.Rounds > 0 && figure.Median > 0 && figure.RawSync > 0, figure.ToJson());
            Assert.True(figure.ToRawSqlite > 0 == figure.ToRawRandom > 0, figure.ToJson());
            Assert.True((cell, figure.Case) != ("append", "1x1") || figure.More["to_bare_store"] > 0, figure.ToJson());
        });
    }

    [Fact]
    public async Task A_run_on_disk_says_on_what_machine_and_is_compared_with_the_next()
    {
        string file = Path.GetTempFileName();
        try
        {
            var before = new Figure { Cell = "append", Case = "1x1", Unit = "ops/s", Median = 1_000, P99Ms = 2 };
            await FigureFile.WriteAsync(file, Machine.Read(), [before], Options.Parse(["append"]),
                CancellationToken.None);
            Assert.Contains("\"cpu\":", (await File.ReadAllLinesAsync(file))[0], StringComparison.Ordinal);
            using var output = new StringWriter();
            Comparison.Write(
                output, await FigureFile.ReadAsync(file, CancellationToken.None),
                [before with { Median = 1_500, P99Ms = 2.01 }]);
            Assert.Equal("append 1x1: ops/s 1000 -> 1500 (+50%)", output.ToString().Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Where_the_figures_cannot_be_written_is_told_before_anything_is_measured()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-figures-");
        try
        {
            string file = Path.Combine(directory.FullName, "new", "figures.json");
            FigureFile.Prepare(file);
            Assert.Equal((true, false), (Directory.Exists(Path.GetDirectoryName(file)), File.Exists(file)));
            using var output = new StringWriter();
            var options = Options.Parse(["append", "1x1", "--tiny", "--out", "/proc/version/figures.json"]);
            await Assert.ThrowsAsync<ArgumentException>(() =>
                BenchmarkProgram.RunAsync(options, output, CancellationToken.None));
            Assert.Empty(output.ToString());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(5, 1, 5)]
    [InlineData(9, 2, 8)]
    [InlineData(20, 6, 15)]
    public void A_comparison_of_builds_says_where_the_ratio_of_a_round_lies(int rounds, double low, double high)
    {
        CaseRun ours = new("append", "1x1", "ops/s"), other = new("append", "1x1", "ops/s", "against");
        foreach (int round in Enumerable.Range(1, rounds).Reverse())
        {
            ours.Add(new Round(round * 10, 1, default));
            other.Add(new Round(20, 2, default));
        }

        other.Compare(ours);
        Dictionary<string, double> ratios = other.Sum().More;
        Assert.Equal(
            ((rounds + 1) / 2.0, low, high),
            (ratios["this_to_it"], ratios["this_to_it_low"], ratios["this_to_it_high"]));
    }

    [Fact]
    public void A_percentile_is_within_two_percent_of_the_call_it_stands_for()
    {
        var latencies = new Latencies();
        for (int i = 1; i <= 1_000; i++) latencies.Add(TimeSpan.FromMilliseconds(i));
        Assert.InRange(latencies.Percentile(0.5), 490, 510);
        Assert.InRange(latencies.Percentile(0.99), 970, 1_010);
    }

    [Theory]
    [InlineData("append", "--rounds")]
    [InlineData("append", "--fast")]
    [InlineData("nothing")]
    public async Task A_mistake_on_the_command_line_is_told_with_the_cells(params string[] arguments) =>
        Assert.Equal(2, await BenchmarkProgram.RunAsync(arguments));
}
