namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>Appends beside a flood: of wrong tokens, and of calls that ask for nothing, at the same rate.</summary>
/// <param name="WrongTokens">Wrong tokens a second, as many as the generator could send.</param>
/// <param name="TrivialCalls">Calls of an unknown method a second, held to that rate.</param>
/// <param name="ServerShare">Of one processor that the server used under the wrong tokens.</param>
/// <param name="ServerShareUnderCalls">Likewise, under the trivial calls.</param>
/// <param name="GeneratorShare">That this process used under the wrong tokens.</param>
/// <param name="AppendUnderTokens">Milliseconds of an append, from the call to its ack.</param>
/// <param name="AppendUnderCalls">Likewise.</param>
/// <param name="P99Ratio">Of the two p99, the median over the rounds.</param>
internal sealed record WrongTokenFigures(
    double WrongTokens, double TrivialCalls, double ServerShare, double ServerShareUnderCalls, double GeneratorShare,
    Percentiles AppendUnderTokens, Percentiles AppendUnderCalls, double P99Ratio);
