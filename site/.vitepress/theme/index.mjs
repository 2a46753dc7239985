import { useData } from 'vitepress';
import theme from 'vitepress/theme';
import { h } from 'vue';
import FirstPage from './first-page.vue';
import './style.css';

export default {
  extends: theme,
  Layout: () => h(theme.Layout, null, { 'page-top': () => (useData().frontmatter.value.first === true ? h(FirstPage) : null) }),
};
