using System.CommandLine;

namespace ShareRpc.Cli.Configuration;

/// <summary>How a setting is written.</summary>
internal enum SettingForm
{
    Text,

    /// <summary>True or false; the flag alone means true.</summary>
    Switch,

    /// <summary>Several texts: an array in the file, separated by commas in the environment, a repeated flag.</summary>
    List,
}

/// <summary>
/// A setting of <c>serve</c>: the key of the file, of which the names of the flag and of the variable are made.
/// </summary>
/// <param name="Key">The key, in snake case.</param>
/// <param name="Apply">Sets the option, or throws <see cref="FormatException"/> with a message for people.</param>
internal sealed record Setting(
    string Key, string HelpName, string Description, string Default, Action<ServeOptions, string[]> Apply)
{
    public SettingForm Form { get; init; }

    /// <summary>Gets whether the value is a secret, which no output shows.</summary>
    public bool IsSecret { get; init; }

    public string Flag => "--" + Key.Replace('_', '-');

    /// <summary>Returns the option of the command line; its value is a text, a switch or a list.</summary>
    public Option ToOption()
    {
        string description = Description + (Form == SettingForm.List ? "; may be repeated" : "")
            + (Default.Length > 0 && Form == SettingForm.Text ? $" [default: {Default}]" : "");
        return Form switch
        {
            SettingForm.Switch => new Option<bool?>(Flag) { Description = description },
            SettingForm.List => new Option<string[]>(Flag) { Description = description, HelpName = HelpName },
            _ => new Option<string?>(Flag) { Description = description, HelpName = HelpName },
        };
    }
}
