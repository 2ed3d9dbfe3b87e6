namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>The part of the conformance kit that runs every day: see <see cref="ConformanceTests"/>.</summary>
public sealed class ReaderConformanceTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [NodeFact]
    public Task The_typescript_reader_does_with_a_scripted_server_as_the_protocol_says() =>
        ConformanceKit.PassAsync(["client", "reader", "--", .. ConformanceKit.TypeScriptClient], timeout);
}
