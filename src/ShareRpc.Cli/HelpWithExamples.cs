using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ShareRpc.Cli;

/// <summary>The usual help, then what a command's options do not say: how it is meant to be used, with examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = usual.Invoke(parseResult);
        if (Examples.Of(parseResult.CommandResult.Command) is { } more) parseResult.InvocationConfiguration.Output.WriteLine(more);
        return exitCode;
    }
}
