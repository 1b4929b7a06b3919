import type { Shell } from './completion-options.js';

/**
 * The scripts hand the words of the command line to kcap as they are, and never evaluate one. What comes back is a word
 * and a tab and what it is, a line each; `:files` and `:folders` leave the rest to the shell.
 */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion for kcap: eval "$(kcap completion bash)"
_kcap() {
  local current=\${COMP_WORDS[COMP_CWORD]} lines line
  local -a words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  # bash makes words of its own of '=' and ':': what stands together is one.
  if declare -F _get_comp_words_by_ref > /dev/null; then
    local cur prev cword
    _get_comp_words_by_ref -n =: -w words -i cword cur prev
    words=("\${words[@]:1:cword}")
    current=$cur
  fi
  COMPREPLY=()
  mapfile -t lines < <(kcap completion --candidates -- "\${words[@]}" 2> /dev/null)
  case \${lines[0]-} in
    :files) compopt -o default; return ;;
    :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
  esac
  for line in "\${lines[@]}"; do COMPREPLY+=("\${line%%$'\\t'*}"); done
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
  declare -F __ltrim_colon_completions > /dev/null && __ltrim_colon_completions "$current"
  # Only what stands behind the last '=' is replaced.
  if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then
    local prefix=\${current%"\${current##*=}"} i
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$prefix"}; done
  fi
}
complete -F _kcap kcap
`,
  zsh: `#compdef kcap
# zsh completion for kcap: eval "$(kcap completion zsh)", or this as _kcap in a folder of $fpath
_kcap() {
  local -a lines candidates
  local line word text
  lines=("\${(@f)$(kcap completion --candidates -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  case $lines[1] in
    :files) _files; return ;;
    :folders) _files -/; return ;;
  esac
  for line in $lines; do
    word=\${line%%$'\\t'*}
    text=\${line#*$'\\t'}
    [[ -n $word ]] && candidates+=("\${word//:/\\\\:}\${text:+:$text}")
  done
  _describe -o kcap candidates
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _kcap "$@"
else
  compdef _kcap kcap
fi
`,
  fish: `# fish completion for kcap: kcap completion fish | source
function __kcap_candidates
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (kcap completion --candidates -- $words[2..-1] 2> /dev/null)
  switch "$lines[1]"
    case ':files'
      __fish_complete_path (commandline -ct)
    case ':folders'
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\\n' $lines
  end
end
complete -c kcap -f -a '(__kcap_candidates)'
`,
};

/** The script that completes kcap's command lines in a shell. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
